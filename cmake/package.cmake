# The library that is installed (libmobileclip), its headers, find_package and pkg-config files, and
# the target `uninstall`. The version of the ABI is the node in mobileclip.map.
include(CMakePackageConfigHelpers)
set(MOBILECLIP_SOVERSION 0)

# Every layer up to the C ABI in one library.
set(objects)
foreach(layer base checkpoint config text image kernels reparam layers model engine api capi)
  list(APPEND objects $<TARGET_OBJECTS:mc_${layer}>)
endforeach()
if(MOBILECLIP_STATIC)
  add_library(mobileclip_library STATIC ${objects} $<TARGET_OBJECTS:mc_sentence_piece_none>)
  target_link_libraries(mobileclip_library PUBLIC Threads::Threads)
  foreach(name ${MOBILECLIP_STATIC_LIBRARIES})
    target_link_libraries(mobileclip_library PUBLIC $<INSTALL_INTERFACE:${name}>)
  endforeach()
  list(TRANSFORM MOBILECLIP_STATIC_LIBRARIES PREPEND " -l" OUTPUT_VARIABLE MOBILECLIP_PC_LIBS)
  string(REPLACE ";" "" MOBILECLIP_PC_LIBS "${MOBILECLIP_PC_LIBS} -lstdc++ -lm -pthread")
else()
  add_library(mobileclip_library SHARED ${objects})
  target_link_libraries(mobileclip_library PRIVATE $<BUILD_INTERFACE:mc_engine>)
  target_link_options(mobileclip_library PRIVATE
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/mobileclip.map)
  if(NOT MOBILECLIP_SANITIZE)
    target_link_options(mobileclip_library PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(mobileclip_library PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${MOBILECLIP_SOVERSION}
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/mobileclip.map)
endif()
set_target_properties(mobileclip_library PROPERTIES OUTPUT_NAME mobileclip EXPORT_NAME mobileclip
                      LINKER_LANGUAGE CXX ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
                      LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
target_include_directories(mobileclip_library INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
add_library(mobileclip::mobileclip ALIAS mobileclip_library)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/mobileclip)
install(TARGETS mobileclip_library EXPORT mobileclip_targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT mobileclip_targets FILE mobileclipTargets.cmake NAMESPACE mobileclip::
        DESTINATION ${package})
configure_package_config_file(cmake/mobileclipConfig.cmake.in
  ${PROJECT_BINARY_DIR}/mobileclipConfig.cmake INSTALL_DESTINATION ${package}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mobileclipConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mobileclipConfig.cmake
              ${PROJECT_BINARY_DIR}/mobileclipConfigVersion.cmake DESTINATION ${package})
file(RELATIVE_PATH MOBILECLIP_PC_PREFIX
     /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/mobileclip.pc.in ${PROJECT_BINARY_DIR}/mobileclip.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mobileclip.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/mobileclip
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR}
                  -P ${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake)

# mobileclip_layer(NAME DEPS folder... LIBS target... [SLOW suite])
#
# One static library per folder of src/, linked to exactly the folders it may include (DEPS) and the
# third-party libraries it uses (LIBS). x_test.cc beside x.cc becomes part of the folder's test program. The
# tests of the suite SLOW are one test with the label slow.
function(mobileclip_layer name)
  cmake_parse_arguments(arg "" "SLOW" "DEPS;LIBS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")  # the program's own file
  if(sources)
    add_library(mc_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(mc_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(mc_${name} ${scope} ${PROJECT_SOURCE_DIR}/src
                                                 ${PROJECT_SOURCE_DIR}/include)
  foreach(dep ${arg_DEPS})
    target_link_libraries(mc_${name} ${scope} mc_${dep})
  endforeach()
  target_link_libraries(mc_${name} ${scope} ${arg_LIBS})
  if(MOBILECLIP_TESTS AND tests)
    add_executable(${name}_test ${tests} ${PROJECT_SOURCE_DIR}/tests/temporary_folder.cc)
    target_link_libraries(${name}_test PRIVATE mc_${name} GTest::gmock GTest::gtest_main)
    foreach(dep ${arg_TEST_DEPS})
      target_link_libraries(${name}_test PRIVATE mc_${dep})
    endforeach()
    # gcc 12 sees overlaps in string concatenation that are not there (its bug 105651).
    target_compile_options(${name}_test PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>)
    target_compile_definitions(${name}_test PRIVATE
      MOBILECLIP_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
    set(filter)
    if(arg_SLOW)
      set(filter TEST_FILTER "-${arg_SLOW}.*")
      add_test(NAME ${name}.${arg_SLOW} COMMAND ${name}_test --gtest_filter=${arg_SLOW}.*)
      set_tests_properties(${name}.${arg_SLOW} PROPERTIES LABELS slow TIMEOUT 900)
    endif()
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." ${filter} PROPERTIES TIMEOUT 300
                         DISCOVERY_TIMEOUT 60)
  endif()
endfunction()

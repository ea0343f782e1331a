# The fuzz targets: fuzz_NAME.cc with the corpus corpus/NAME. They link only what reads foreign bytes.
file(GLOB MOBILECLIP_FUZZ_TARGETS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/fuzz_*.cc)
list(TRANSFORM MOBILECLIP_FUZZ_TARGETS REPLACE ".*/fuzz_(.*)\\.cc$" "\\1")
set(MOBILECLIP_FUZZ_DIR ${CMAKE_CURRENT_LIST_DIR})

# mobileclip_fuzz_target(PROGRAM NAME SOURCE…): the target NAME, with what runs it.
function(mobileclip_fuzz_target program name)
  add_executable(${program} ${MOBILECLIP_FUZZ_DIR}/fuzz_${name}.cc ${ARGN})
  target_include_directories(${program} PRIVATE ${MOBILECLIP_FUZZ_DIR})
  target_link_libraries(${program} PRIVATE mc_checkpoint mc_text mc_image mc_data ZLIB::ZLIB)
  if(name STREQUAL "kernels")
    target_link_libraries(${program} PRIVATE mc_kernels)
  elseif(name STREQUAL "http")
    target_link_libraries(${program} PRIVATE mc_download)
  elseif(name STREQUAL "model_json")
    target_link_libraries(${program} PRIVATE mc_config)
  elseif(name STREQUAL "evaluation")
    target_link_libraries(${program} PRIVATE mc_eval)
  elseif(name STREQUAL "config")
    # The configuration's own file alone: the rest of its folder needs libtorch.
    target_sources(${program} PRIVATE ${PROJECT_SOURCE_DIR}/src/train/train_config.cc)
    target_link_libraries(${program} PRIVATE mc_config)
  endif()
endfunction()

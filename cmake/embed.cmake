# mobileclip_embed(TARGET NAME FILE): the bytes of FILE as an object of TARGET, between the symbols
# mobileclip_asset_NAME_begin and mobileclip_asset_NAME_end.
enable_language(ASM)
function(mobileclip_embed target name file)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.S)
  get_filename_component(path ${file} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
  file(GENERATE OUTPUT ${source} CONTENT
"#if defined(__CET__)
#include <cet.h>  /* marks the object as fit for control-flow protection */
#endif
    .section .rodata
    .balign 64
    .global mobileclip_asset_${name}_begin
    .hidden mobileclip_asset_${name}_begin
mobileclip_asset_${name}_begin:
    .incbin \"${path}\"
    .global mobileclip_asset_${name}_end
    .hidden mobileclip_asset_${name}_end
mobileclip_asset_${name}_end:
    .byte 0
    .section .note.GNU-stack,\"\",%progbits
")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${path} GENERATED ON)
  target_sources(${target} PRIVATE ${source})
endfunction()

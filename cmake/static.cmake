# MOBILECLIP_STATIC: archives instead of shared libraries, glibc apart. Imported targets of shared
# libraries do not name what an archive needs in turn; that stands here.
set(MOBILECLIP_TRAIN OFF)  # libtorch is a shared library
add_link_options(-static-libstdc++ -static-libgcc)
set(missing)

# mobileclip_needs(TARGET NAME…): the archive of each NAME behind those of TARGET.
macro(mobileclip_needs target)
  foreach(name ${ARGN})
    find_library(MOBILECLIP_ARCHIVE_${name} NAMES lib${name}.a)
    if(MOBILECLIP_ARCHIVE_${name})
      set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES
                   ${MOBILECLIP_ARCHIVE_${name}})
    else()
      set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES ${name})
      list(APPEND missing lib${name}.a)
    endif()
  endforeach()
endmacro()
mobileclip_needs(TIFF::TIFF webp Lerc jbig zstd lzma jpeg deflate z)
mobileclip_needs(PkgConfig::webpdemux webp)
mobileclip_needs(PkgConfig::libarchive xml2 icuuc icudata nettle acl zstd lz4 bz2 lzma z)

# Highway's kernels are in its headers; three functions are in the library.
find_library(MOBILECLIP_ARCHIVE_hwy NAMES libhwy.a)
if(MOBILECLIP_ARCHIVE_hwy)
  set_property(TARGET PkgConfig::hwy PROPERTY INTERFACE_LINK_LIBRARIES ${MOBILECLIP_ARCHIVE_hwy})
else()
  list(APPEND missing libhwy.a)
endif()
if(missing)
  list(JOIN missing ", " missing)
  message(WARNING "MOBILECLIP_STATIC: there is no ${missing}: the program will need the shared "
                  "library instead. docs/library.md tells where to get the archives.")
endif()
# What a program needs beside libmobileclip.a.
set(MOBILECLIP_STATIC_LIBRARIES tiff webpdemux webp png jpeg gif deflate z icuuc icudata hwy)

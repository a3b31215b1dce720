# dunlin_embed(TARGET NAME GLOB…): the files as one table, `generated/NAME.h`:
#   struct embedded_file { const char *name; const char *bytes; size_t len; };
#   extern const struct embedded_file NAME_files[]; extern const size_t NAME_count;
# sorted by name, which is the path below the first GLOB's fixed part. dunlin_sql_table(TARGET GLOB…): the named statements of .sql files as one table.
function(dunlin_embed target name)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  list(SORT files)
  string(REGEX REPLACE "[^/]*[*].*$" "" top "${ARGV2}")
  set(out ${CMAKE_BINARY_DIR}/generated/${name}.c)
  add_custom_command(OUTPUT ${out}
    COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/embed.sh ${name} ${out} ${top} ${files}
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.sh VERBATIM)
  target_sources(${target} PRIVATE ${out})
  file(WRITE ${CMAKE_BINARY_DIR}/generated/${name}.h.new
    "#pragma once\n#include \"embedded_file.h\"\nextern const struct embedded_file ${name}_files[];\nextern const size_t ${name}_count;\n")
  file(COPY_FILE ${CMAKE_BINARY_DIR}/generated/${name}.h.new ${CMAKE_BINARY_DIR}/generated/${name}.h ONLY_IF_DIFFERENT)
  file(WRITE ${CMAKE_BINARY_DIR}/generated/embedded_file.h.new
    "#pragma once\n#include <stddef.h>\nstruct embedded_file {\n    const char *name;\n    const char *bytes;\n    size_t len;\n};\n")
  file(COPY_FILE ${CMAKE_BINARY_DIR}/generated/embedded_file.h.new ${CMAKE_BINARY_DIR}/generated/embedded_file.h ONLY_IF_DIFFERENT)
endfunction()

function(dunlin_sql_table target)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  list(SORT files)
  set(out ${CMAKE_BINARY_DIR}/generated/sql.c ${CMAKE_BINARY_DIR}/generated/sql.h)
  add_custom_command(OUTPUT ${out}
    COMMAND awk -f ${CMAKE_SOURCE_DIR}/cmake/sql.awk -v dir=${CMAKE_BINARY_DIR}/generated ${files} /dev/null
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/sql.awk VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()

#!/bin/sh
# embed.sh NAME OUT TOP FILE…: writes OUT, a C file with the table NAME_files of the files' bytes,
# each named by its path below TOP.
set -eu
name=$1 out=$2 top=$3
shift 3
{
    printf '#include "%s.h"\n' "$name"
    i=0
    for file in "$@"; do
        printf 'static const char file_%d[] = {' "$i"
        od -An -v -tx1 "$file" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' | sed 's/0x\([89a-f][0-9a-f]\)/(char)0x\1/g'
        printf '0};\n'
        i=$((i + 1))
    done
    printf 'const struct embedded_file %s_files[] = {\n' "$name"
    i=0
    for file in "$@"; do
        printf '    {"%s", file_%d, sizeof(file_%d) - 1},\n' "${file#"$top"}" "$i" "$i"
        i=$((i + 1))
    done
    printf '    {0, 0, 0}};\nconst size_t %s_count = %d;\n' "$name" "$i"
} >"$out.new"
mv "$out.new" "$out"

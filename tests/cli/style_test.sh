# SPDX-License-Identifier: LGPL-2.1-or-later
# What the project asks of itself: formatting, man pages, public names, text about the project alone.
set -u
cd "$SQST_SRCDIR" || exit 99
number=0

# has NAME: the tool, or a skip by name (a failure in CI)
has() {
	command -v "$1" >/dev/null && return 0
	number=$((number + 1))
	if [ "${CI-}" = true ]; then
		echo "not ok $number - $2: $1 is missing"
	else
		echo "ok $number - $2 # SKIP needs $1"
	fi
	return 1
}

# verdict NAME STATUS
verdict() {
	number=$((number + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
	fi
}

sources=$(find include lib bin tests bench -name '*.[ch]' | sort)

echo 1..7
name='sources are formatted by .clang-format'
if has clang-format "$name"; then
	# shellcheck disable=SC2086 # one word a file
	clang-format --dry-run -Werror $sources >&2
	verdict "$name" $?
fi

name='man pages are clean'
if has mandoc "$name"; then
	mandoc -T lint -W warning man/*.[1-9] >&2
	verdict "$name" $?
fi

name='headers, version script and library name the same functions'
if has nm "$name"; then
	work=$(mktemp -d)
	# declarations that SQST_API marks, without their comments
	cat include/sqst/*.h | tr '\n' ' ' | sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' |
		grep -o 'SQST_API [^;(]*(' | sed 's/($//; s/.*[ *]//' | grep '^sqst_' | sort -u >"$work/headers"
	sed -n 's/^\t\(sqst_[a-z0-9_]*\);$/\1/p' lib/libsqfs-stable.map | sort -u >"$work/map"
	nm -D --defined-only "$SQST_BUILDDIR"/.libs/libsqfs-stable.so | awk '$2 == "T" { print $3 }' |
		sed 's/@.*//' | sort -u >"$work/library"
	diff "$work/headers" "$work/map" >&2 && diff "$work/map" "$work/library" >&2
	verdict "$name" $?
	rm -rf "$work"
fi

name='every public header compiles alone'
status=0
for header in include/sqst/*.h; do
	echo "#include \"sqst/${header##*/}\"" |
		${CC:-cc} -std=c11 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c - >&2 || status=1
done
verdict "$name" $status

name='the library calls nothing that a locale changes, but in lib/base/pattern.c'
found=$(grep -nE '(^|[^a-z_])(is(alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|to(lower|upper)|fnmatch|glob|reg(comp|exec)|strto(d|f|ld)|atof|strcoll|strxfrm|strn?casecmp|mb(len|towc|rtowc|stowcs)|wctomb|strftime|setlocale)\(' \
	lib/*/*.[ch] | grep -vE '^lib/base/pattern\.c:|:[0-9]+:[[:space:]]*/?\*')
[ -z "$found" ] || echo "$found" >&2
verdict "$name" "$([ -z "$found" ]; echo $?)"

name='every source names its licence'
# shellcheck disable=SC2086
missing=$(grep -L 'SPDX-License-Identifier' $sources scripts/*.sh check try .ci/run)
[ -z "$missing" ] || echo "$missing" >&2
verdict "$name" "$([ -z "$missing" ]; echo $?)"

name='manual pages have the version of configure.ac'
version=$(sed -n 's/^AC_INIT(\[sqfs-stable\], \[\([^]]*\)\].*/\1/p' configure.ac)
other=$(grep -L "^\.TH .*\"sqfs.-stable $version\" " man/*.[1-9])
[ -z "$other" ] || echo "$other" >&2
verdict "$name" "$([ -n "$version" ] && [ -z "$other" ]; echo $?)"

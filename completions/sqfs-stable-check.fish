# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by completions/generate from --help; not to be edited.
complete -c sqfs-stable-check -o html -d 'write a page to look at, without anything that it loads' -r -F
complete -c sqfs-stable-check -o json -d 'write all of it as JSON (- for standard output, then nothing else is)' -r -F
complete -c sqfs-stable-check -o quiet -d 'print nothing but errors; the exit status says it'
complete -c sqfs-stable-check -o q -d 'as -quiet'
complete -c sqfs-stable-check -o help -d 'print this and end'
complete -c sqfs-stable-check -o version -d 'print the version and end'

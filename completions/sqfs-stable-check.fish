# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by completions/generate from --help; not to be edited.
complete -c sqfs-stable-check -o html -d 'write a self-contained HTML page' -r -F
complete -c sqfs-stable-check -o json -d 'write the whole report as JSON (- for standard output, then nothing else is printed there)' -r -F
complete -c sqfs-stable-check -o quiet -d 'print errors only; the exit status is the verdict'
complete -c sqfs-stable-check -o q -d 'as -quiet'
complete -c sqfs-stable-check -o help -d 'print this help and exit'
complete -c sqfs-stable-check -o version -d 'print the version and exit'

# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by completions/generate from --help; not to be edited.
complete -c sqfs-stable-map -n __fish_is_first_arg -x -a 'diff merge init'
complete -c sqfs-stable-map -o all -d 'print the paths that kept their number, too'
complete -c sqfs-stable-map -o o -d 'write the map there, not to OURS' -r -F
complete -c sqfs-stable-map -o prefer -d 'whose word counts where one path has two types' -x -a 'ours theirs'
complete -c sqfs-stable-map -o keep-links -d 'hard link groups that gained or lost names keep numbers (not safe)'
complete -c sqfs-stable-map -o fresh-links -d 'they get new numbers (default)'
complete -c sqfs-stable-map -o from -d 'with the paths and numbers of this image or map' -r -F
complete -c sqfs-stable-map -o uuid -d 'merge: which of two lineages goes on; init: the lineage' -x
complete -c sqfs-stable-map -o quiet -d 'print errors and warnings only'
complete -c sqfs-stable-map -o help -d 'print this help and exit'
complete -c sqfs-stable-map -o version -d 'print the version and exit'

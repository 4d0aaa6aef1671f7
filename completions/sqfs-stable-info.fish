# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by completions/generate from --help; not to be edited.
complete -c sqfs-stable-info -o json -d 'all of it as JSON'
complete -c sqfs-stable-info -o map -d 'the map, the same bytes that sqfs-stable-build --map-out writes'
complete -c sqfs-stable-info -o udev -d 'UUID and label as properties for a udev rule; only the head of the image is read'
complete -c sqfs-stable-info -o help -d 'print this help and exit'
complete -c sqfs-stable-info -o version -d 'print the version and exit'

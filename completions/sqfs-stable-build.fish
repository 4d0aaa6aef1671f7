# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by completions/generate from --help; not to be edited.
complete -c sqfs-stable-build -o prev -d 'keep the numbers of this image; repeat for several, the newest last' -r -F
complete -c sqfs-stable-build -o map -d 'keep the numbers of this map (see sqfs-stable(7))' -r -F
complete -c sqfs-stable-build -o map-out -d 'write the new image'\''s map (- for standard output)' -r -F
complete -c sqfs-stable-build -o prev-mtime -d 'keep: what equals the newest --prev keeps its time' -x -a 'keep source'
complete -c sqfs-stable-build -o new-lineage -d 'give every path a number above those of --prev'
complete -c sqfs-stable-build -o keep-links -d 'hard link groups that gained or lost names keep numbers (not safe)'
complete -c sqfs-stable-build -o fresh-links -d 'hard link groups that gained or lost names get new numbers (default)'
complete -c sqfs-stable-build -o uuid -d 'name of the lineage, when no parent has one' -x
complete -c sqfs-stable-build -o label -d 'label of the image' -x
complete -c sqfs-stable-build -o noappend -d 'replace an existing output'
complete -c sqfs-stable-build -o force -d 'the same, and whatever else needs --force'
complete -c sqfs-stable-build -o in-place -d 'write over an existing output instead of replacing it; not atomic'
complete -c sqfs-stable-build -o nopad -d 'do not pad the image to 4 KiB'
complete -c sqfs-stable-build -o offset -d 'leave this many bytes in front of the image' -x
complete -c sqfs-stable-build -o o -d 'as -offset' -x
complete -c sqfs-stable-build -o max-size -d 'fail, and list the largest additions, if the image is larger' -x
complete -c sqfs-stable-build -o mkfs-time -d 'time in the superblock, seconds since 1970, or "inode" for the newest' -x
complete -c sqfs-stable-build -o fstime -d 'as -mkfs-time' -x
complete -c sqfs-stable-build -o repro -d '-mkfs-time inode, and file times bounded by SOURCE_DATE_EPOCH'
complete -c sqfs-stable-build -o repro-time -d '-mkfs-time and -all-time' -x
complete -c sqfs-stable-build -o reproducible -d 'always the case'
complete -c sqfs-stable-build -o not-reproducible -d 'no effect, images are always reproducible'
complete -c sqfs-stable-build -o exports -d 'write an export table (default)'
complete -c sqfs-stable-build -o no-exports -d 'no export table, so no stable numbers: with --prev only with --force'
complete -c sqfs-stable-build -o fill-table -d 'an unreferenced inode for each retired number, for 7-Zip'
complete -c sqfs-stable-build -o sources -d 'what SOURCEs are: auto, files, archive, mtree, image' -x -a 'auto files archive mtree image'
complete -c sqfs-stable-build -o root-becomes -d 'make this directory of an archive the root' -r -F
complete -c sqfs-stable-build -o default-mode -d 'mode of directories that an archive only implies (0755)' -x
complete -c sqfs-stable-build -o default-uid -d 'owner of directories that an archive only implies (0)' -x
complete -c sqfs-stable-build -o default-gid -d 'group of directories that an archive only implies (0)' -x
complete -c sqfs-stable-build -o ignore-zeros -d 'read on after the end of a tar archive'
complete -c sqfs-stable-build -o merge -d 'lay the sources over one another, with whiteouts'
complete -c sqfs-stable-build -o keep-as-directory -d 'one source directory becomes an entry of the root'
complete -c sqfs-stable-build -o no-strip -d 'entries keep the leading directories of the sources'
complete -c sqfs-stable-build -o tarstyle -d 'as -no-strip'
complete -c sqfs-stable-build -o one-file-system -d 'mount points are stored as empty directories'
complete -c sqfs-stable-build -o one-file-system-x -d 'mount points are left out'
complete -c sqfs-stable-build -o max-depth -d 'go down this many levels of directories' -x
complete -c sqfs-stable-build -o no-hardlinks -d 'each name is a file of its own'
complete -c sqfs-stable-build -o e -d 'leave these out; takes the rest of the line'
complete -c sqfs-stable-build -o exclude -d 'leave this out; may be repeated' -x
complete -c sqfs-stable-build -o ef -d 'leave out what the lines of this file name' -r -F
complete -c sqfs-stable-build -o exclude-from -d 'as -ef' -r -F
complete -c sqfs-stable-build -o wildcards -d 'names to leave out are shell patterns; "... " in front matches at any depth'
complete -c sqfs-stable-build -o regex -d 'names to leave out are regular expressions'
complete -c sqfs-stable-build -o p -d 'add a file, or change one: see PSEUDO FILES in the man page' -x
complete -c sqfs-stable-build -o pseudo -d 'as -p' -x
complete -c sqfs-stable-build -o pf -d 'the same from a file, - for standard input' -r -F
complete -c sqfs-stable-build -o pseudo-file -d 'as -pf' -r -F
complete -c sqfs-stable-build -o pd -d 'missing directories above pseudo files: "d MODE UID GID"' -x
complete -c sqfs-stable-build -o pseudo-override -d 'owners of pseudo files win over the options below'
complete -c sqfs-stable-build -o all-root -d 'everything belongs to root'
complete -c sqfs-stable-build -o root-owned -d 'as -all-root'
complete -c sqfs-stable-build -o force-uid -d 'everything belongs to this user' -x
complete -c sqfs-stable-build -o force-gid -d 'everything belongs to this group' -x
complete -c sqfs-stable-build -o uid-gid-offset -d 'added to each user and group' -x
complete -c sqfs-stable-build -o root-uid -d 'owner of the root directory' -x
complete -c sqfs-stable-build -o root-gid -d 'group of the root directory' -x
complete -c sqfs-stable-build -o root-mode -d 'mode of the root directory, octal' -x
complete -c sqfs-stable-build -o root-time -d 'time of the root directory' -x
complete -c sqfs-stable-build -o force-file-mode -d 'mode of all but directories, as chmod(1) takes it' -x
complete -c sqfs-stable-build -o force-dir-mode -d 'mode of directories' -x
complete -c sqfs-stable-build -o all-time -d 'time of every file' -x
complete -c sqfs-stable-build -o inode-time -d 'as -all-time' -x
complete -c sqfs-stable-build -o clamp-time -d 'no file is newer than this' -x
complete -c sqfs-stable-build -o no-xattrs -d 'leave extended attributes out'
complete -c sqfs-stable-build -o xattrs -d 'store extended attributes (default)'
complete -c sqfs-stable-build -o xattrs-include -d 'store only attributes whose names this matches' -x
complete -c sqfs-stable-build -o xattrs-exclude -d 'store no attributes whose names this matches files and directories only' -x
complete -c sqfs-stable-build -o selinux -d 'SELinux labels from this file_contexts file' -r -F
complete -c sqfs-stable-build -o b -d 'block size, 4K to 1M (default 128K)' -x -a '4K 8K 16K 32K 64K 128K 256K 512K 1M'
complete -c sqfs-stable-build -o block-size -d 'as -b' -x -a '4K 64K 128K 256K 512K 1M'
complete -c sqfs-stable-build -o no-fragments -d 'store no tails of files in shared blocks'
complete -c sqfs-stable-build -o tailends -d 'store tails of files larger than a block in shared blocks, too'
complete -c sqfs-stable-build -o always-use-fragments -d 'as -tailends'
complete -c sqfs-stable-build -o no-tailends -d 'store only files smaller than a block in shared blocks (default)'
complete -c sqfs-stable-build -o no-duplicates -d 'store equal files as often as they occur'
complete -c sqfs-stable-build -o no-sparse -d 'store blocks of zeros like others'
complete -c sqfs-stable-build -o sort -d 'order of the files'\'' data: lines of a path and a priority' -r -F
complete -c sqfs-stable-build -o align -d 'the data of each file starts at a multiple of this' -x
complete -c sqfs-stable-build -o no-reuse -d 'compress everything anew, in the layout of a first image'
complete -c sqfs-stable-build -o purge -d 'take no byte of a removed file over from --prev'
complete -c sqfs-stable-build -o relayout -d 'take equal blocks over, but in the layout of a first image'
complete -c sqfs-stable-build -o max-slack -d 'how much longer than a new build the data may get before it is moved (5)' -x
complete -c sqfs-stable-build -o prev-damaged -d 'refuse (default), or build anew, files whose data is damaged' -x -a 'refuse rebuild'
complete -c sqfs-stable-build -o comp -d 'compressor: gzip (default), xz, lz4, zstd, lzo' -x -a 'gzip xz lz4 zstd lzo'
complete -c sqfs-stable-build -o compressor -d 'as -comp' -x -a 'gzip xz lz4 zstd lzo'
complete -c sqfs-stable-build -o noI -d 'do not compress inode, directory and id tables'
complete -c sqfs-stable-build -o noInodeCompression -d 'as -noI'
complete -c sqfs-stable-build -o noId -d 'do not compress the id table'
complete -c sqfs-stable-build -o noIdTableCompression -d 'as -noId'
complete -c sqfs-stable-build -o noD -d 'do not compress data blocks'
complete -c sqfs-stable-build -o noDataCompression -d 'as -noD'
complete -c sqfs-stable-build -o noF -d 'do not compress fragment blocks'
complete -c sqfs-stable-build -o noX -d 'do not compress extended attributes'
complete -c sqfs-stable-build -o noXattrCompression -d 'as -noX'
complete -c sqfs-stable-build -o no-compression -d 'compress none of these five'
complete -c sqfs-stable-build -o processors -d 'threads that compress (default: all processors)' -x
complete -c sqfs-stable-build -o j -d 'as -processors' -x
complete -c sqfs-stable-build -o Xcompression-level -d 'gzip 1-12 (9), zstd 1-22 (15), lzo 1-9 (8)' -x
complete -c sqfs-stable-build -o Xwindow-size -d 'gzip 8-15: no effect, the window is 15' -x
complete -c sqfs-stable-build -o Xstrategy -d 'gzip: no effect, libdeflate has one strategy' -x
complete -c sqfs-stable-build -o Xbcj -d 'xz: try these filters: x86,powerpc,ia64,arm,armthumb,sparc' -x -a 'x86 powerpc ia64 arm armthumb sparc'
complete -c sqfs-stable-build -o Xdict-size -d 'xz: dictionary, in bytes or as 50%' -x
complete -c sqfs-stable-build -o Xpreset -d 'xz: preset 0-9 (6)' -x
complete -c sqfs-stable-build -o Xe -d 'xz: the preset'\''s extreme form'
complete -c sqfs-stable-build -o Xlc -d 'xz: literal context bits' -x
complete -c sqfs-stable-build -o Xlp -d 'xz: literal position bits' -x
complete -c sqfs-stable-build -o Xpb -d 'xz: position bits' -x
complete -c sqfs-stable-build -o Xhc -d 'lz4: compress harder'
complete -c sqfs-stable-build -o Xalgorithm -d 'lzo: lzo1x_1, lzo1x_1_11, lzo1x_1_12, lzo1x_1_15, lzo1x_999' -x -a 'lzo1x_1 lzo1x_1_11 lzo1x_1_12 lzo1x_1_15 lzo1x_999'
complete -c sqfs-stable-build -o Xhelp -d 'print the options of compressors'
complete -c sqfs-stable-build -o quiet -d 'print nothing but errors and warnings'
complete -c sqfs-stable-build -o json -d 'write what was built as JSON (- for standard output)' -r -F
complete -c sqfs-stable-build -o info -d 'print each name'
complete -c sqfs-stable-build -o progress -d 'progress bar, if standard error is a terminal (default)'
complete -c sqfs-stable-build -o no-progress -d 'no progress bar'
complete -c sqfs-stable-build -o percentage -d 'print progress as numbers, one a line, to standard output'
complete -c sqfs-stable-build -o exit-on-error -d 'always the case'
complete -c sqfs-stable-build -o help -d 'print this'
complete -c sqfs-stable-build -o h -d 'as -help'
complete -c sqfs-stable-build -o version -d 'print the version'
complete -c sqfs-stable-build -o v -d 'as -version'
complete -c sqfs-stable-build -o mem -d 'memory for queues' -x
complete -c sqfs-stable-build -o mem-percent -d 'the same as a share' -x
complete -c sqfs-stable-build -o read-queue -d 'size of a queue' -x
complete -c sqfs-stable-build -o write-queue -d 'as -read-queue' -x
complete -c sqfs-stable-build -o fragment-queue -d 'as -read-queue' -x
complete -c sqfs-stable-build -o small-readers -d 'threads that read' -x
complete -c sqfs-stable-build -o block-readers -d 'as -small-readers' -x
complete -c sqfs-stable-build -o throttle -d 'slower reading' -x
complete -c sqfs-stable-build -o limit -d 'as -throttle' -x
complete -c sqfs-stable-build -o no-recovery -d 'no recovery file, as always'
complete -c sqfs-stable-build -o recovery-path -d 'where it would be' -x

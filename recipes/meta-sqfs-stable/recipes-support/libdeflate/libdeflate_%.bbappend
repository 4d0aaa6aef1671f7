# SPDX-License-Identifier: LGPL-2.1-or-later
# The recipe of meta-oe has no native variant, which sqfs-stable-native needs. No task of the target's
# recipe changes by this. Once meta-oe has these variants itself, a name given twice counts once.
BBCLASSEXTEND += "native nativesdk"

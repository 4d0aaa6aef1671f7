/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a fuzz target has. */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include <stddef.h>
#include <stdint.h>

/* The folder of tests/fuzz/corpus/ that it is run over without a fuzzer. */
extern const char corpus[];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

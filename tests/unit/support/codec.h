/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of data, settings of every codec, and a pair of coders with buffers to try them with. */
#ifndef UNIT_SUPPORT_CODEC_H
#define UNIT_SUPPORT_CODEC_H

#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "unit.h"

#define BLOCK    131072U
#define METADATA 8192U

uint32_t next(uint32_t *state);
void fill_random(uint8_t *data, size_t size);
void fill_text(uint8_t *data, size_t size);

#define FILLS 5

extern void (*const fills[FILLS])(uint8_t *data, size_t size);

/* The settings that every test below runs with; those not in this build are left out. */
struct setting {
	int id;
	int level;
	bool hc;
	uint32_t filters;
	uint32_t dict_size;
	int algorithm;
	uint32_t block_size;
};

#define SETTINGS 18

extern const struct setting settings[SETTINGS];

struct sqst_codec_config config_of(const struct setting *setting);

/* Both coders of a setting, and room for a block on each side. */
struct bench {
	const struct sqst_codec *codec;
	struct sqst_coder *compressor;
	struct sqst_coder *decompressor;
	size_t block_size;
	uint8_t *plain;
	uint8_t *packed;
	uint8_t *back;
};

uint8_t *bytes(size_t size);
bool bench_open(struct bench *bench, const struct setting *setting);
void bench_close(struct bench *bench);
int32_t pack(struct bench *bench, size_t size, uint8_t *out, size_t room);
int32_t unpack(struct bench *bench, const uint8_t *in, size_t size, uint8_t *out, size_t room);

#endif

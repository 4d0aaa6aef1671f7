/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tails of files are put together in fragment blocks of the size of a data block. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "base/array.h"
#include "base/limits.h"
#include "data/writer.h"

void sqst_fragments_flush(struct sqst_data *data)
{
	if (data->filling)
		sqst_queue_submit(&data->queue, &data->filling->base, data->options->raw_fragments);
	data->filling = NULL;
}

/* The lowest entry of the fragment table that no block has. */
static int take_fragment_entry(struct sqst_data *data, uint32_t *out)
{
	struct sqst_places *places = data->places;
	struct sqst_fragment *grown;
	int rc;

	while (data->fragments_taken < places->fragments &&
	       places->fragment[data->fragments_taken].content > 0)
		data->fragments_taken++;
	rc = sqst_limit_check(SQST_LIMIT_FRAGMENTS, data->fragments_taken + UINT64_C(1),
			      sqst_tree_source(data->tree), data->why);
	if (rc < 0)
		return rc;
	grown = sqst_grow(places->fragment, data->fragments_taken, &places->fragments_room,
			  sizeof(*grown));
	if (!grown)
		return sqst_data_no_memory(data);
	places->fragment = grown;
	*out = data->fragments_taken++;
	if (*out == places->fragments)
		places->fragments++;
	places->fragment[*out] = (struct sqst_fragment){0};
	return 0;
}

static int start_fragment(struct sqst_data *data)
{
	struct sqst_data_block *block = NULL;
	uint32_t index = 0;
	int rc = take_fragment_entry(data, &index);

	if (rc == 0)
		rc = sqst_data_take_block(data, &block);
	if (rc < 0)
		return rc;
	block->index = index;
	block->align = data->options->align;
	data->filling = block;
	return 0;
}

int sqst_fragments_add(struct sqst_data *data, struct sqst_extent *extent, const uint8_t *tail,
		       uint32_t size)
{
	struct sqst_block *block;
	int rc = 0;

	if (data->filling && data->filling->base.in_size + size > data->options->block_size)
		sqst_fragments_flush(data);
	if (!data->filling)
		rc = start_fragment(data);
	if (rc < 0)
		return rc;
	block = &data->filling->base;
	extent->fragment = data->filling->index;
	extent->fragment_offset = block->in_size;
	memcpy(block->in + block->in_size, tail, size);
	block->in_size += size;
	return 0;
}

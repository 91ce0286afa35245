/*
 * Entry of libFuzzer: decodes its input as an .ecz file, in memory of exactly the sizes asked for.
 *
 * The checksum is verified last, so that damaged files reach all of the decoder.
 */
#include "ecz_decoder.h"

#include <stdlib.h>

#define MOST_CONTENT ((uint64_t)1 << 24)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t content_size, arena_size;
    if (ecz_content_size(data, size, &content_size) != ECZ_OK
        || ecz_arena_size(data, size, &arena_size) != ECZ_OK || content_size > MOST_CONTENT)
        return 0;
    uint8_t *content = malloc(content_size ? (size_t)content_size : 1);
    void *arena = malloc(arena_size ? (size_t)arena_size : 1);
    if (content && arena) {
        ecz_status status =
            ecz_decode(data, size, content, (size_t)content_size, arena, (size_t)arena_size);
        if (status == ECZ_ARENA_TOO_SMALL) { /* the exception that ecz_decoder.h names */
            free(arena);
            arena_size += 3 * content_size;
            arena = malloc((size_t)arena_size);
            if (arena)
                status = ecz_decode(data, size, content, (size_t)content_size, arena,
                                    (size_t)arena_size);
        }
        if (status == ECZ_CONTENT_TOO_SMALL || status == ECZ_ARENA_TOO_SMALL)
            abort();
    }
    free(content);
    free(arena);
    return 0;
}

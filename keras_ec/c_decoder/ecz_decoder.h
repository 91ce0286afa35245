/*
 * Decoder of .ecz files, format version 1 (docs/format.md), in C99.
 *
 * One source file, no dependency but memcpy, no allocation, no floating point. All memory is
 * the caller's: the file, a buffer for the content, and an arena of working memory. Byte order and
 * alignment do not matter; int must have 32 bits or more.
 *
 *     uint64_t content_size, arena_size;
 *     if (ecz_content_size(file, file_size, &content_size) == ECZ_OK
 *         && ecz_arena_size(file, file_size, &arena_size) == ECZ_OK) {
 *         uint8_t *content = malloc(content_size);
 *         void *arena = malloc(arena_size);
 *         if (content && arena)
 *             status = ecz_decode(file, file_size, content, content_size, arena, arena_size);
 *     }
 *
 * Files may be hostile: whatever the bytes are, no function reads or writes outside of the memory
 * it was given, and each comes to an end. The functions keep no state and may run in parallel. They
 * take about 2 kB of stack.
 */
#ifndef ECZ_DECODER_H
#define ECZ_DECODER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ecz_status {
    ECZ_OK = 0,
    /* The file is no .ecz file, or damaged. */
    ECZ_DAMAGED = 1,
    /* The file is of a version that this decoder does not know. */
    ECZ_UNSUPPORTED_VERSION = 2,
    /* The content buffer is smaller than ecz_content_size() says. */
    ECZ_CONTENT_TOO_SMALL = 3,
    /* The arena is too small; the same call with a larger one may succeed. */
    ECZ_ARENA_TOO_SMALL = 4,
    /* The content is larger than size_t can tell, or a tensor has 2**31 elements or more. */
    ECZ_TOO_LARGE = 5
} ecz_status;

/*
 * Reads how large the content is.
 *
 * file, file_size: A whole .ecz file. Only its first bytes are examined.
 * content_size: Set to the size of the content in bytes, 0 on error.
 *
 * Returns ECZ_OK, ECZ_DAMAGED or ECZ_UNSUPPORTED_VERSION. That the rest of the file is sound is
 * for ecz_decode() to find out.
 */
ecz_status ecz_content_size(const uint8_t *file, size_t file_size, uint64_t *content_size);

/*
 * Reads how large an arena is certainly enough: the content's size, 16 bytes for each tensor and
 * one more, and about 120,000 bytes. Most files need far less, and ecz_decode() may be tried with
 * less. How much a file needs depends on the file alone, and on the arena's alignment.
 *
 * The one exception are files whose content is little else than tensors that are described by
 * scales or values of channels, as much room as the tensor itself, which an encoder has no reason to
 * write; for these three times the content's size in place of once is enough. Scales of channels
 * that keras_ec codes so are at most 32 kB, beside the kernels that they belong to.
 *
 * file, file_size: A whole .ecz file.
 * arena_size: Set to the number of bytes, 0 on error.
 *
 * Returns ECZ_OK, ECZ_DAMAGED or ECZ_UNSUPPORTED_VERSION.
 */
ecz_status ecz_arena_size(const uint8_t *file, size_t file_size, uint64_t *arena_size);

/*
 * Decodes a file.
 *
 * file, file_size: A whole .ecz file. It must not overlap the other memory.
 * content: Receives the content; what it holds after an error is unspecified. Not a null pointer,
 *     even if there is no content.
 * content_size: The size of that buffer, at least what ecz_content_size() says. Bytes beyond the
 *     content are left alone.
 * arena: Working memory of any alignment; its bytes need not be set before, and mean nothing
 *     after.
 * arena_size: Its size.
 *
 * Returns ECZ_OK if the content is whole and its checksum right, else another status.
 */
ecz_status ecz_decode(const uint8_t *file, size_t file_size, uint8_t *content,
                      size_t content_size, void *arena, size_t arena_size);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Decodes a batch of .ecz files from standard input, and prints a line for each:
 * status, size of the content, size of the arena, CRC-32 of the content.
 *
 * A file comes as three little endian integers of 8 bytes and its bytes: its size, the size of the
 * arena (all bits set: what ecz_arena_size() says), the size of the content buffer (all bits set:
 * what ecz_content_size() says). All memory is allocated at exactly its size, so that a sanitizer
 * sees every byte too far.
 *
 * The seconds that decoding took go to standard error, a line for each file.
 */
#include "ecz_decoder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint32_t crc_of(const uint8_t *at, size_t size)
{
    static uint32_t table[256];
    for (uint32_t i = 0; !table[255] && i < 256; i++) {
        table[i] = i;
        for (int k = 0; k < 8; k++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320u : 0);
    }
    uint32_t crc = 0xFFFFFFFFu;
    while (size--)
        crc = crc >> 8 ^ table[(crc ^ *at++) & 255];
    return ~crc;
}

static void *allocate(uint64_t size)
{
    void *result = malloc(size ? (size_t)size : 1);
    if (!result) {
        fprintf(stderr, "cannot allocate %" PRIu64 " bytes\n", size);
        exit(1);
    }
    return result;
}

static void run(const uint8_t *file, size_t size, uint64_t arena_size, uint64_t content_size)
{
    uint64_t declared = 0, enough = 0;
    ecz_status status = ecz_content_size(file, size, &declared);
    if (status == ECZ_OK)
        status = ecz_arena_size(file, size, &enough);
    arena_size = arena_size == UINT64_MAX ? enough : arena_size;
    content_size = content_size == UINT64_MAX ? declared : content_size;
    uint32_t crc = 0;
    if (status == ECZ_OK) {
        uint8_t *content = allocate(content_size), *arena = allocate(arena_size);
        clock_t begin = clock();
        status = ecz_decode(file, size, content, (size_t)content_size, arena, (size_t)arena_size);
        fprintf(stderr, "%.4f\n", (double)(clock() - begin) / CLOCKS_PER_SEC);
        if (status == ECZ_OK)
            crc = crc_of(content, (size_t)declared);
        free(content);
        free(arena);
    }
    printf("%d %" PRIu64 " %" PRIu64 " %" PRIu32 "\n", (int)status, declared, enough, crc);
}

static uint64_t read_integer(FILE *input, int *ended)
{
    uint64_t x = 0;
    for (int i = 0; i < 8; i++) {
        int byte = getc(input);
        *ended |= byte == EOF;
        x |= (uint64_t)(byte & 255) << (8 * i);
    }
    return x;
}

int main(void)
{
    for (;;) {
        int ended = 0;
        uint64_t size = read_integer(stdin, &ended);
        uint64_t arena_size = read_integer(stdin, &ended);
        uint64_t content_size = read_integer(stdin, &ended);
        if (ended)
            return 0;
        uint8_t *file = malloc(size ? (size_t)size : 1);
        if (!file || fread(file, 1, (size_t)size, stdin) != size)
            return 1;
        run(file, (size_t)size, arena_size, content_size);
        free(file);
    }
}

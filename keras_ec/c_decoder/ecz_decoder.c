/*
 * Decoder of .ecz files, format version 1. Sections named in comments are those of docs/format.md.
 *
 * The integers of a tensor are decoded where its bytes belong in the content, and turned into
 * these bytes in place. The arena holds, from its lower end, tables, the list of the tensors'
 * places and what later tensors learn from earlier ones; from its upper end, what is needed for
 * one tensor only. After the last tensor the residual is decoded in the arena and distributed.
 */
#include "ecz_decoder.h"

#include <limits.h>

#if INT_MAX < 0x7FFFFFFF
#error "This decoder needs an int of 32 bits or more."
#endif

#if defined(_MSC_VER) && !defined(restrict)
#define restrict __restrict /* its C89, too, has it by this name */
#endif
void *memcpy(void *restrict to, const void *restrict from, size_t size);

/* Keeps compilers that are asked for small code from making it larger. */
#if defined(__GNUC__)
#define ALONE __attribute__((noinline))
#else
#define ALONE
#endif

#define MAX_MAGNITUDE 0x7FFFFFFF
#define MAX_FACTOR 0xFFFFFF
#define MAX_RANK 8
#define MAX_ELEMENTS 0x7FFFFFFF
#define NOWHERE ((size_t)-1)
#define NO_ROW 0xFFFFFFFFu

/* ---- Small things ---- */

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

static ALONE uint32_t clip_probability(uint64_t p)
{
    return p < 1 ? 1 : (uint32_t)smaller(p, 65535);
}

/* Sets bytes to zero. Written so that no compiler makes a call of memset out of it. */
static void clear(void *at, uint64_t size)
{
    uint8_t volatile *first = at;
    uint64_t done = smaller(size, 16);
    for (unsigned i = 0; i < done; i++)
        first[i] = 0;
    while (done < size) {
        uint64_t count = smaller(done, size - done);
        memcpy((uint8_t *)at + done, at, (size_t)count);
        done += count;
    }
}

static unsigned bit_length(uint64_t x)
{
    unsigned n = 0;
    for (; x >> 8; x >>= 8)
        n += 8;
    for (; x; x >>= 1)
        n++;
    return n;
}

static uint64_t square_root(uint64_t x)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= x)
            root |= bit;
    return root;
}

/* Quotients rounded towards minus infinity. */
static ALONE int64_t floor_divide(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

static uint32_t magnitude_of(int32_t x) { return x < 0 ? 0u - (uint32_t)x : (uint32_t)x; }

static uint32_t half_log(uint64_t count)
{
    unsigned b = bit_length(count + 1) - 1;
    return 2 * b + (b ? (uint32_t)((count + 1) >> (b - 1) & 1) : 0);
}

/* Returns x shifted right, towards minus infinity, plus `middle`, clipped to [0, most]; the
   magnitude of x is below 2**20. */
static ALONE uint32_t class_of(int32_t x, unsigned shift, uint32_t middle, uint32_t most)
{
    uint32_t zero = (1u << 20 >> shift) - middle;
    uint32_t place = (uint32_t)(x + (1 << 20)) >> shift;
    return place < zero ? 0 : (uint32_t)smaller(place - zero, most);
}

static int32_t sixteenth_log(uint64_t x)
{
    unsigned b = bit_length(x) - 1;
    return (int32_t)(16 * b + (uint32_t)(x >> (b - 4) & 15));
}

static ALONE uint32_t crc_of(uint32_t crc, const uint8_t *at, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    for (crc = ~crc; size; size--) {
        crc ^= *at++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* ---- State ---- */

typedef struct {
    uint32_t ones, total;
} counts;

/* A range-coded stream: section "Range coder". */
typedef struct {
    const uint8_t *data;
    size_t size, position;
    uint32_t value, last;
} source;

#define SQUASH_SIZE 2841
#define MAX_STRETCHED 2840
#define MAX_PROFILES 32

/* What lives in the arena throughout. */
typedef struct {
    uint16_t squash[SQUASH_SIZE]; /* of arguments from 0 */
    uint16_t first[257];          /* least x + MAX_STRETCHED with squash(x) >= 256 * index */
    counts kinds[2], sizes[2], ranks[4], axes[4], lengths[33], gaps[40], sized;
} tables;

/* Bytes of residual, and the bytes behind them that are not. */
typedef struct {
    size_t gap, size;
} region;

/*
 * Integers in [low, high], each in `width` bytes, of which they are the lower ones, little endian.
 * Seen as a matrix, they have some row axes, the last one fastest, and columns.
 */
typedef struct {
    uint8_t *data;
    unsigned width;
    int32_t low, high;
    uint32_t rows, columns, column_stride;
    unsigned axes;
    uint32_t lengths[MAX_RANK], strides[MAX_RANK];
    unsigned lag_count;
    uint32_t lags[4];
    uint32_t period;
    const uint8_t *row_links, *column_links;
    uint32_t link_size;
} grid;

typedef struct {
    ecz_status status;
    source main;
    uint64_t calls, decisions; /* how many more are allowed */
    const uint8_t *side;       /* symbol streams not yet read */
    size_t side_size;
    uint8_t *low, *high; /* the free part of the arena */
    tables *tables;
    region *regions; /* that make up the content, as far as it is decoded */
    size_t region_count;
    uint8_t *profiles; /* the latest last, up to `low` */
    unsigned profile_count;
    counts model[32]; /* of a Uint that does not live long */
    grid grid; /* of the integers that are being decoded */
    uint32_t profile_sizes[MAX_PROFILES];
} decoder;

static void fail(decoder *d, ecz_status status)
{
    if (d->status == ECZ_OK)
        d->status = status;
}

static ALONE void damaged(decoder *d) { fail(d, ECZ_DAMAGED); }

/* Returns memory from the arena's upper end, a null pointer if there is not enough. It is given
   back by resetting `high`. */
static void *take(decoder *d, uint64_t size)
{
    size = (size + 7) & ~(uint64_t)7;
    if (size > (uint64_t)(d->high - d->low))
        fail(d, ECZ_ARENA_TOO_SMALL);
    if (d->status)
        return 0;
    d->high -= size;
    return d->high;
}

/* ---- Range coder ---- */

static uint32_t next_word(source *s)
{
    uint32_t word = 0;
    for (unsigned i = 0; i < 2; i++)
        word = word << 8 | (s->position < s->size ? s->data[s->position++] : 0u);
    return word;
}

static void open_source(source *s, const uint8_t *data, size_t size)
{
    s->data = data;
    s->size = size;
    s->position = 0;
    s->last = 0xFFFFFFFF;
    s->value = next_word(s) << 16;
    s->value |= next_word(s);
}

/* Goes on with the part of the interval that begins at `cut`. */
static void narrow(source *s, uint32_t cut, uint32_t last)
{
    s->value -= cut;
    s->last = last;
    if (last < 65536) {
        s->last = last << 16 | 0xFFFF;
        s->value = s->value << 16 | next_word(s);
    }
}

/* Decodes a decision with the probability `p` of a one. */
static uint32_t read_bit(source *s, uint32_t p)
{
    uint32_t cut = (uint32_t)(((uint64_t)s->last + 1) * (65536 - p) >> 16);
    uint32_t bit = s->value >= cut;
    if (bit)
        narrow(s, cut, s->last - cut);
    else
        narrow(s, 0, cut - 1);
    return bit;
}

static uint32_t decode_bit(decoder *d, uint32_t p) { return read_bit(&d->main, p); }

/* Checks that nothing but zeros follows what has been read. */
static void finish(decoder *d, const source *s)
{
    for (size_t i = s->position; i < s->size; i++)
        if (s->data[i])
            damaged(d);
}

/* Counts one call for a number of decisions. */
static ALONE void begin_call(decoder *d, uint64_t decisions)
{
    if (!d->calls || d->decisions < decisions) {
        damaged(d);
        return;
    }
    d->calls--;
    d->decisions -= decisions;
}

/* ---- Building blocks ---- */

/* Returns the probability of a one after so many ones in a total. */
static ALONE uint32_t probability(uint64_t ones, uint64_t total)
{
    return clip_probability(((2 * ones + 1) << 16) / (2 * total + 2));
}

static void count_bit(counts *c, uint32_t bit)
{
    c->ones += bit;
    c->total++;
}

static uint32_t decode_counted(decoder *d, counts *c)
{
    begin_call(d, 1);
    uint32_t bit = decode_bit(d, probability(c->ones, c->total));
    count_bit(c, bit);
    return bit;
}

/* Decodes raw bits of a call that has begun. */
static uint64_t raw_bits(decoder *d, unsigned n)
{
    uint64_t x = 0;
    while (n--)
        x = x << 1 | decode_bit(d, 32768);
    return x;
}

static uint64_t decode_raw(decoder *d, unsigned n)
{
    if (n)
        begin_call(d, n);
    return raw_bits(d, n);
}

/* Decodes a Uint of at most `bits` bits; a larger one than `limit` is damage, and 0. */
static uint64_t decode_uint(decoder *d, counts *model, unsigned bits, uint64_t limit)
{
    unsigned length = 0;
    while (length < bits && decode_counted(d, &model[length]))
        length++;
    uint64_t x = length;
    if (length > 1)
        x = (uint64_t)1 << (length - 1) | decode_raw(d, length - 1);
    if (x <= limit && !d->status)
        return x;
    damaged(d);
    return 0;
}

/* Decodes a Uint of at most 32 bits with the model of the last new one. */
static ALONE uint32_t decode_next_uint(decoder *d, unsigned bits, uint64_t limit)
{
    return (uint32_t)decode_uint(d, d->model, bits, limit);
}

/* Decodes a Uint of at most 32 bits with a new model. */
static ALONE uint32_t decode_new_uint(decoder *d, unsigned bits, uint64_t limit)
{
    clear(d->model, sizeof d->model);
    return decode_next_uint(d, bits, limit);
}

static int32_t decode_signed(decoder *d)
{
    int32_t below = (int32_t)decode_new_uint(d, 32, MAX_MAGNITUDE);
    return below ? -below : (int32_t)decode_next_uint(d, 32, MAX_MAGNITUDE);
}

/* ---- Log-odds ---- */

/* Takes a place in the table, which is the argument plus MAX_STRETCHED. */
static uint32_t squash_at(const tables *t, uint32_t place)
{
    return place >= MAX_STRETCHED ? t->squash[place - MAX_STRETCHED]
                                  : 65536u - t->squash[MAX_STRETCHED - place];
}

static uint32_t squash(const tables *t, int64_t x)
{
    x += MAX_STRETCHED;
    return squash_at(t, x < 0 ? 0 : (uint32_t)smaller((uint64_t)x, 2 * MAX_STRETCHED));
}

static int32_t stretch(const tables *t, uint32_t p)
{
    uint32_t low = t->first[p >> 8], high = t->first[(p >> 8) + 1];
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (squash_at(t, middle) >= p)
            high = middle;
        else
            low = middle + 1;
    }
    return (int32_t)low - MAX_STRETCHED;
}

static ALONE void fill_log_odds(tables *t)
{
    uint64_t odds = 1 << 20;
    for (uint32_t x = 0; x < SQUASH_SIZE; x++) {
        t->squash[x] = (uint16_t)smaller((odds << 16) / (odds + (1 << 20)), 65535);
        odds = (odds * 1052680 + (1 << 19)) >> 20;
    }
    uint32_t place = 0;
    for (uint32_t i = 0; i < 257; i++) {
        while (place < 2 * MAX_STRETCHED && squash_at(t, place) < i << 8)
            place++;
        t->first[i] = (uint16_t)place;
    }
}

/* ---- Mixed decisions ---- */

#define COUNT_LIMIT 65536
#define MAX_WEIGHT (4 * 65536)
#define MAX_INPUTS 8

/* What a mixer begins with: its tables, their contexts but for those of
   columns, and its inputs, which are the tables and further ones. */
typedef struct {
    uint8_t tables, inputs;
    uint16_t first_context, context_count;
    uint8_t priors[MAX_INPUTS];
} mixer_kind;

typedef struct {
    const mixer_kind *kind;
    counts *contexts;
    uint64_t ones, total; /* of all decisions */
    /* Of the call that has begun: */
    uint32_t overall;
    int32_t base; /* stretch(overall) */
    int32_t *weight;
    uint64_t size, call_ones;
    int over; /* whether a context's total exceeds the limit */
    int64_t gradient[MAX_INPUTS];
    int32_t weights[2][MAX_INPUTS];
} mixer;

static ALONE void start_mixer(mixer *m, const mixer_kind *kind, counts *all)
{
    m->kind = kind;
    m->contexts = all + kind->first_context;
    for (unsigned k = 0; k < MAX_INPUTS; k++)
        m->weights[0][k] = m->weights[1][k] = 65536 * 3 / 20;
}

static ALONE void begin_mixing(decoder *d, mixer *m, unsigned set, uint64_t size)
{
    begin_call(d, size);
    m->overall = probability(m->ones, m->total);
    m->base = stretch(d->tables, m->overall);
    m->weight = m->weights[set];
    m->size = size;
    m->call_ones = 0;
    clear(m->gradient, sizeof m->gradient);
}

/* Returns what a context of a table says. */
static ALONE uint32_t said(const mixer *m, unsigned table, const counts *c)
{
    uint32_t prior = m->kind->priors[table];
    uint64_t p = ((uint64_t)c->ones << 17) + (uint64_t)prior * m->overall;
    return clip_probability(p / (2 * (uint64_t)c->total + prior));
}

/* Decodes a decision, of which each input says a probability. */
static uint32_t decode_mixed(decoder *d, mixer *m, const uint32_t *says)
{
    int32_t evidence[MAX_INPUTS];
    int64_t sum = 0;
    for (unsigned k = 0; k < m->kind->inputs; k++) {
        evidence[k] = stretch(d->tables, says[k]) - m->base;
        sum += (int64_t)m->weight[k] * evidence[k];
    }
    uint32_t p = squash(d->tables, floor_divide(sum, 65536) + m->base);
    uint32_t bit = decode_bit(d, p);
    int64_t error = (int64_t)(bit << 16) - p;
    for (unsigned k = 0; k < m->kind->inputs; k++)
        m->gradient[k] += evidence[k] * error;
    m->call_ones += bit;
    return bit;
}

static ALONE void clip_counts(counts *c)
{
    if (c->total > COUNT_LIMIT) {
        c->ones = (uint32_t)((uint64_t)c->ones * COUNT_LIMIT / c->total);
        c->total = COUNT_LIMIT;
    }
}

static void count_mixed(mixer *m, counts *contexts, const uint32_t *used, uint32_t bit)
{
    for (unsigned k = 0; k < m->kind->tables; k++) {
        counts *c = &contexts[used[k]];
        count_bit(c, bit);
        m->over |= c->total > COUNT_LIMIT;
    }
}

static ALONE int32_t clip_weight(int64_t weight, int32_t limit)
{
    return (int32_t)(weight < -limit ? -limit : weight > limit ? limit : weight);
}

/* Ends a call, after its decisions have been counted. */
static ALONE void end_mixing(mixer *m)
{
    int64_t divisor = (int64_t)(8000 * square_root(m->size));
    for (unsigned k = 0; k < m->kind->inputs; k++) {
        int64_t weight = m->weight[k] + floor_divide(m->gradient[k], divisor);
        m->weight[k] = clip_weight(weight, MAX_WEIGHT);
    }
    m->ones += m->call_ones;
    m->total += m->size;
    if (m->over)
        for (uint32_t i = 0; i < m->kind->context_count; i++)
            clip_counts(&m->contexts[i]);
    m->over = 0;
}

/* ---- Integers in memory ---- */

static ALONE void start_grid(decoder *d, uint8_t *data, unsigned width, int32_t low, int32_t high)
{
    grid *g = &d->grid;
    clear(g, sizeof *g);
    g->data = data;
    g->width = width;
    g->low = low;
    g->high = high;
}

static int32_t get(const decoder *d, uint32_t place)
{
    const grid *g = &d->grid;
    const uint8_t *at = g->data + (size_t)place * g->width;
    uint32_t x = 0;
    for (unsigned i = g->width; i--;)
        x = x << 8 | at[i];
    x = (x - (uint32_t)g->low) & 0xFFFFFFFF >> (32 - 8 * g->width);
    return (int32_t)(g->low + (int64_t)x);
}

static uint32_t word_at(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_word(uint8_t *at, unsigned width, uint32_t x)
{
    for (unsigned i = 0; i < width; i++, x >>= 8)
        at[i] = (uint8_t)x;
}

static void put(decoder *d, uint32_t place, int64_t x)
{
    const grid *g = &d->grid;
    if (x < g->low || x > g->high)
        damaged(d);
    else
        put_word(g->data + (size_t)place * g->width, g->width, (uint32_t)x);
}

/* ---- Matrices ---- */

#define ROW_CLASSES 20
#define DENSITY_CLASSES 16
#define LINK_CLASSES 24
#define MAX_STEPS 31
#define SCALE_CLASSES 24
#define TREE_BITS 7
#define UPPER_PLACES (3 * (TREE_BITS - 1)) /* one for the highest bit, two for the next */
#define SHARE 39322
#define WALKED_ROWS 40

/* What is known of a column: its contexts, the sum and number of its non-zero magnitudes, and their
   sum with those above 4095 counted as 4095. */
typedef struct {
    counts zero, sign;
    uint64_t sum, count, capped;
} column;

/* What is decided by mixing, for the columns of a run. */
enum { ZEROS, SIGNS, STEPS, UPPER_BITS };

/* Where the contexts of what begin. */
enum {
    COLUMN_ZERO = 0, /* those of the column at hand */
    COLUMN_SIGN,
    PATTERN,
    RATIO = PATTERN + 16 * ROW_CLASSES,
    DENSITY = RATIO + ROW_CLASSES * 16,
    LINK = DENSITY + DENSITY_CLASSES * 16 * 3,
    PHASE = LINK + LINK_CLASSES * DENSITY_CLASSES,
    SCALE = PHASE + 64 * 4,
    SIGN_NUMBER = SCALE + SCALE_CLASSES,
    FIRST_SIGN = SIGN_NUMBER + 27,
    SIGN_SUM = FIRST_SIGN + 3,
    STEP = SIGN_SUM + 9,
    STEP_NEAR = STEP + MAX_STEPS,
    STEP_MEAN = STEP_NEAR + 8 * MAX_STEPS,
    STEP_SCALE = STEP_MEAN + 8 * MAX_STEPS,
    UPPER = STEP_SCALE + SCALE_CLASSES * MAX_STEPS,
    LOWER = UPPER + UPPER_PLACES * (1 + SCALE_CLASSES),
    SECOND = LOWER + (TREE_BITS << TREE_BITS),
    ALL_CONTEXTS = SECOND + 32
};

/* The model of one matrix, and the row, run and column that are being decoded. */
typedef struct {
    decoder *d;
    const grid *g;
    column *columns; /* null where rows are few: then columns are walked */
    uint32_t here;   /* where the row begins */
    uint32_t row, begin, end;
    uint32_t row_class, row_ratio;
    unsigned length, shift; /* bits below the leading one; those below the bit at hand */
    uint32_t used[7];       /* numbers of the contexts of a decision */
    int32_t lagged[4];      /* integers above the one at hand */
    unsigned bits;          /* of the largest magnitude */
    int both_signs, sign;   /* of all, if not both occur */
    uint64_t seen, hoped, expected;
    /* Of expected magnitudes: */
    uint64_t total, overall, magnitudes_seen, magnitudes_hoped, magnitude_ratio;
    uint32_t above[4];            /* where the rows at the lags begin, or NO_ROW */
    uint32_t walked[WALKED_ROWS]; /* where the first rows begin */
    column column;
    mixer mixers[4];
    counts contexts[ALL_CONTEXTS];
} matrix;

static int32_t above(const matrix *m, unsigned lag, uint32_t c)
{
    return m->above[lag] == NO_ROW ? 0 : get(m->d, m->above[lag] + c * m->g->column_stride);
}

static uint32_t place_of(const matrix *m, uint32_t c) { return m->here + c * m->g->column_stride; }

static int32_t value_of(const matrix *m, uint32_t c) { return get(m->d, place_of(m, c)); }

static ALONE uint32_t row_place(const grid *g, uint32_t row)
{
    uint32_t place = 0;
    for (unsigned i = g->axes; i--; row /= g->lengths[i])
        place += row % g->lengths[i] * g->strides[i];
    return place;
}

/* Gets what is known of a column, and the integers above its next one. */
static void find_column(matrix *m, uint32_t c)
{
    column *state = &m->column;
    for (unsigned i = 0; i < m->g->lag_count; i++)
        m->lagged[i] = above(m, i, c);
    if (m->columns) {
        *state = m->columns[c];
    } else {
        clear(state, sizeof *state);
        for (uint32_t row = 0; row < m->row; row++) {
            int32_t x = get(m->d, m->walked[row] + c * m->g->column_stride);
            count_bit(&state->zero, x != 0);
            if (x)
                count_bit(&state->sign, x < 0);
            state->sum += magnitude_of(x);
            state->capped += smaller(magnitude_of(x), 4095);
        }
        state->count = state->sign.total;
    }
    m->contexts[COLUMN_ZERO] = state->zero;
    m->contexts[COLUMN_SIGN] = state->sign;
}

/* Returns the mean magnitude of the column. */
static ALONE uint64_t mean_of(const matrix *m)
{
    return (m->column.capped * 1024 + 2 * m->overall) / (m->row + (uint64_t)2);
}

/* Returns the class of the column's expected magnitude. */
static ALONE uint32_t scale_of(const matrix *m)
{
    int32_t expected = sixteenth_log((mean_of(m) * m->magnitude_ratio >> 8) + 16);
    return class_of(expected - sixteenth_log(m->overall), 1, 12, SCALE_CLASSES - 1);
}

static void find_flag_contexts(matrix *m, uint32_t c)
{
    const grid *g = m->g;
    uint32_t pattern = 0, near = 0;
    for (unsigned i = 0; i < g->lag_count; i++)
        if (m->lagged[i]) {
            pattern |= 1u << i;
            near++;
        }
    m->used[0] = COLUMN_ZERO;
    int32_t odds = stretch(m->d->tables, said(&m->mixers[ZEROS], 0, &m->contexts[COLUMN_ZERO]));
    uint32_t density = class_of((odds - m->mixers[ZEROS].base) * 3, 9, 8, 15), link = density;
    if (g->row_links)
        link += DENSITY_CLASSES * g->row_links[m->row % g->link_size];
    else if (g->column_links)
        link = DENSITY_CLASSES * g->column_links[c] + (uint32_t)smaller(m->row_class, 15);
    m->used[1] = (uint32_t)(PATTERN + pattern * ROW_CLASSES + m->row_class);
    m->used[2] = (uint32_t)(RATIO + m->row_class * 16 + m->row_ratio);
    m->used[3] = (uint32_t)(DENSITY + (density * 16 + m->row_ratio) * 3 + smaller(near, 2));
    m->used[4] = (uint32_t)(LINK + link);
    m->used[5] = (uint32_t)(PHASE + m->row % g->period * 4 + (density >> 2));
    m->used[6] = (uint32_t)(SCALE + scale_of(m));
}

static void find_sign_contexts(matrix *m)
{
    uint32_t number = 0, first = 0, sum = 0;
    for (unsigned i = 0; i < m->g->lag_count && i < 3; i++) {
        int32_t x = m->lagged[i];
        uint32_t sign = x < 0 ? 0 : x ? 2 : 1;
        number = number * 3 + sign;
        first = i ? first : sign;
        sum += sign;
    }
    m->used[0] = (uint32_t)(SIGN_NUMBER + number);
    m->used[1] = COLUMN_SIGN;
    m->used[2] = (uint32_t)(FIRST_SIGN + first);
    m->used[3] = (uint32_t)(SIGN_SUM + sum);
}

static void find_step_contexts(matrix *m)
{
    uint32_t near = 0;
    for (unsigned i = 0; i < m->g->lag_count; i++) {
        uint32_t x = magnitude_of(m->lagged[i]);
        near = x > near ? x : near;
    }
    uint64_t mean = (2 * m->column.sum + 1) / (2 * m->column.count + 1);
    m->used[0] = (uint32_t)(STEP + m->length);
    m->used[1] = (uint32_t)(STEP_NEAR + 8 * m->length + smaller(bit_length(near), 7));
    m->used[2] = (uint32_t)(STEP_MEAN + 8 * m->length + smaller(bit_length(mean), 7));
    m->used[3] = (uint32_t)(STEP_SCALE + SCALE_CLASSES * m->length + scale_of(m));
}

static void find_upper_contexts(matrix *m, uint32_t c)
{
    uint32_t known = magnitude_of(value_of(m, c)) >> (m->shift + 1); /* 1 to 3 */
    m->used[0] = (uint32_t)(UPPER + 3 * (m->length - 1) + known - 1);
    m->used[1] = m->used[0] + UPPER_PLACES * (1 + scale_of(m));
}

/* Adds a bit to the magnitude of a non-zero. */
static void add_bit(matrix *m, uint32_t c, uint32_t bit)
{
    int64_t value = value_of(m, c), more = (int64_t)bit << m->shift;
    put(m->d, place_of(m, c), value < 0 ? value - more : value + more);
}

/* Returns the bit that an integer says, -1 if it is none of those decided. */
static ALONE int decided(const matrix *m, unsigned kind, int32_t x)
{
    uint32_t magnitude = magnitude_of(x);
    if (kind == ZEROS)
        return x != 0;
    if (kind == SIGNS)
        return x ? x < 0 : -1;
    uint32_t place = magnitude >> m->length;
    if (kind == STEPS)
        return place == 1 || place == 2 ? (int)place - 1 : -1;
    return place == 1 ? (int)(magnitude >> m->shift & 1) : -1;
}

/* Decodes `size` decisions of a run, and leaves what is known then: ones for non-zeros, these with
   their sign, the power of two that they reach, that with its next bits. Returns the number of
   ones. */
static uint32_t decode_run(matrix *m, unsigned kind, uint32_t size)
{
    uint32_t says[MAX_INPUTS];
    mixer *x = &m->mixers[kind];
    begin_mixing(m->d, x, kind == ZEROS && m->begin, size);
    for (unsigned pass = 0; pass < 2; pass++)
        for (uint32_t c = m->begin; c < m->end; c++) {
            int fresh = kind == ZEROS && !pass;
            int32_t value = fresh ? 0 : value_of(m, c);
            int bit = decided(m, kind, value);
            if (bit < 0)
                continue;
            find_column(m, c);
            if (kind == ZEROS)
                find_flag_contexts(m, c);
            else if (kind == SIGNS)
                find_sign_contexts(m);
            else if (kind == STEPS)
                find_step_contexts(m);
            else
                find_upper_contexts(m, c);
            if (pass) {
                count_mixed(x, m->contexts, m->used, (uint32_t)bit);
                if (kind <= SIGNS && m->columns) {
                    counts *kept = kind == ZEROS ? &m->columns[c].zero : &m->columns[c].sign;
                    *kept = m->contexts[kind];
                    clip_counts(kept);
                }
                continue;
            }
            for (unsigned k = 0; k < x->kind->tables; k++)
                says[k] = said(x, k, &m->contexts[m->used[k]]);
            if (kind == ZEROS) {
                m->expected += says[0];
                m->magnitudes_hoped += mean_of(m);
                says[7] = says[0];
                if (m->begin)
                    says[7] = clip_probability(smaller(says[0] * m->seen / m->hoped, 64512));
            }
            bit = (int)decode_mixed(m->d, x, says);
            if (kind == ZEROS)
                put_word(m->g->data + (size_t)place_of(m, c) * m->g->width, m->g->width,
                         (uint32_t)bit);
            else if (kind == SIGNS)
                put(m->d, place_of(m, c), 1 - 2 * bit);
            else
                add_bit(m, c, (uint32_t)bit);
        }
    end_mixing(x);
    return (uint32_t)x->call_ones;
}

/* Decodes the bits below the leading one of those non-zeros that have `length` of them. */
static void decode_low_bits(matrix *m)
{
    uint32_t members = 0;
    for (uint32_t c = m->begin; c < m->end; c++)
        members += magnitude_of(value_of(m, c)) >> m->length == 1;
    for (m->shift = m->length; m->shift-- && members;) {
        int highest = m->shift == m->length - 1, tree = m->length < TREE_BITS;
        if (tree && m->shift + 2 >= m->length) {
            decode_run(m, UPPER_BITS, members);
            continue;
        }
        begin_call(m->d, members);
        for (unsigned pass = 0; pass < 2; pass++)
            for (uint32_t c = m->begin; c < m->end; c++) {
                uint32_t magnitude = magnitude_of(value_of(m, c));
                if (magnitude >> m->length != 1)
                    continue;
                uint32_t number = SECOND + m->length, p = 32768;
                if (tree)
                    number = LOWER + (m->length << TREE_BITS) + (magnitude >> (m->shift + 1));
                counts *context = &m->contexts[number];
                if (tree || highest)
                    p = probability(context->ones, context->total);
                if (!pass)
                    add_bit(m, c, decode_bit(m->d, p));
                else if (tree || highest)
                    count_bit(context, magnitude >> m->shift & 1);
            }
    }
}

static void decode_magnitudes(matrix *m, uint32_t found)
{
    m->length = 0;
    for (; m->length + 1 < m->bits && found && !m->d->status; m->length++) {
        m->shift = m->length;
        found = decode_run(m, STEPS, found);
    }
    for (m->length = 1; m->length < m->bits && !m->d->status; m->length++)
        decode_low_bits(m);
}

static uint32_t run_end(const grid *g, uint32_t begin)
{
    static const uint8_t sixteenths[9] = {1, 3, 8, 1, 2, 4, 6, 8, 12};
    uint64_t end = g->columns, quarter = begin >> 2;
    if (g->rows == 1)
        return (uint32_t)smaller(end, begin + (quarter > 4 ? quarter : 4));
    if (g->rows <= 2048 && end >= 32)
        for (unsigned i = end < 96 ? 0 : 3; i < (end < 96 ? 3u : 9u); i++)
            if (end * sixteenths[i] >> 4 > begin)
                return (uint32_t)(end * sixteenths[i] >> 4);
    return (uint32_t)end;
}

static void decode_row(matrix *m)
{
    const grid *g = m->g;
    uint64_t found = 0, before = 0;
    m->expected = 0;
    m->here = row_place(g, m->row);
    if (m->row < WALKED_ROWS)
        m->walked[m->row] = m->here;
    for (unsigned i = 0; i < g->lag_count; i++) {
        m->above[i] = g->lags[i] <= m->row ? row_place(g, m->row - g->lags[i]) : NO_ROW;
        for (uint32_t c = 0; c < g->columns && m->above[i] != NO_ROW; c++)
            before += above(m, i, c) != 0;
    }
    m->row_class = (uint32_t)smaller(half_log(before), ROW_CLASSES - 1);
    m->row_ratio = 8;
    m->overall = (m->total * 1024 + 1024) / ((uint64_t)m->row * g->columns + 1) + 16;
    m->magnitudes_seen = m->magnitudes_hoped = 0;
    for (m->begin = 0; m->begin < g->columns && !m->d->status; m->begin = m->end) {
        m->end = run_end(g, m->begin);
        m->seen = (found << 16) + SHARE;
        m->hoped = m->expected + SHARE;
        if (m->begin)
            m->row_ratio = class_of(sixteenth_log(m->seen) - sixteenth_log(m->hoped), 3, 8, 15);
        uint64_t ratio = (m->magnitudes_seen * 1024 + 4 * m->overall) * 256
                         / (m->magnitudes_hoped + 4 * m->overall);
        m->magnitude_ratio = ratio < 1 ? 1 : smaller(ratio, 65536);
        uint32_t live = decode_run(m, ZEROS, m->end - m->begin);
        found += live;
        if (!live)
            continue;
        if (m->both_signs)
            decode_run(m, SIGNS, live);
        else
            for (uint32_t c = m->begin; c < m->end; c++)
                if (value_of(m, c))
                    put(m->d, place_of(m, c), m->sign);
        if (m->bits > 1)
            decode_magnitudes(m, live);
        for (uint32_t c = m->begin; c < m->end; c++) {
            uint32_t magnitude = magnitude_of(value_of(m, c)), capped = magnitude;
            capped = (uint32_t)smaller(capped, 4095);
            m->magnitudes_seen += capped;
            if (m->columns) {
                m->columns[c].sum += magnitude;
                m->columns[c].capped += capped;
                m->columns[c].count += magnitude > 0;
            }
        }
    }
    m->total += m->magnitudes_seen;
}

static void decode_matrix(decoder *d)
{
    const grid *g = &d->grid;
    static const mixer_kind kinds[4] = {
        {7, 8, PATTERN, SIGN_NUMBER - PATTERN, {8, 8, 8, 8, 8, 8, 8}},
        {4, 4, SIGN_NUMBER, STEP - SIGN_NUMBER, {1, 4, 4, 2}},
        {4, 4, STEP, UPPER - STEP, {1, 1, 1, 1}},
        {2, 2, UPPER, LOWER - UPPER, {1, 4}},
    };
    uint8_t *high = d->high;
    uint64_t elements = (uint64_t)g->rows * g->columns;
    uint32_t most = decode_new_uint(d, 32, MAX_MAGNITUDE);
    uint32_t least = decode_next_uint(d, 32, MAX_MAGNITUDE);
    if (!most && !least) {
        clear(g->data, elements * g->width);
        return;
    }
    if (elements > d->decisions)
        damaged(d);
    matrix *m = take(d, sizeof *m);
    uint64_t columns_size = g->rows > WALKED_ROWS ? (uint64_t)g->columns * sizeof *m->columns : 0;
    column *columns = take(d, columns_size);
    if (d->status)
        return;
    clear(m, sizeof *m);
    clear(columns, columns_size);
    m->d = d;
    m->g = g;
    m->columns = columns_size ? columns : 0;
    m->both_signs = most && least;
    m->sign = least ? -1 : 1;
    m->bits = bit_length(most | least);
    for (unsigned i = 0; i < 4; i++)
        start_mixer(&m->mixers[i], &kinds[i], m->contexts);
    for (; m->row < g->rows && !d->status; m->row++)
        decode_row(m);
    d->high = high;
}

/* Makes the grid one row, without anything to predict from. */
static void lay_out_row(decoder *d, uint32_t size)
{
    grid *g = &d->grid;
    g->rows = 1;
    g->columns = size;
    g->column_stride = 1;
    g->period = 1;
}

/* ---- Symbol-coded tensors ---- */

#define MAX_SYMBOLS 256
#define MAX_LANE 32768

typedef struct {
    uint32_t cumulative[MAX_SYMBOLS + 1];
    uint8_t first[256]; /* the symbol at each multiple of 256 */
} symbol_table;

/* Decodes a table's levels. */
static void decode_table(decoder *d, symbol_table *t, uint32_t symbols)
{
    uint32_t *frequency = t->cumulative + 1, largest = 0;
    uint64_t shares = 0;
    int64_t left = 65536;
    for (uint32_t s = 0; s < symbols; s++) {
        uint32_t level = (uint32_t)raw_bits(d, 9);
        if (level > 272)
            damaged(d);
        else
            frequency[s] = level ? (16 + ((level - 1) & 15)) << ((level - 1) >> 4) : 0;
        shares += d->status ? 0 : frequency[s];
    }
    if (!shares)
        damaged(d);
    if (d->status)
        return;
    for (uint32_t s = 0; s < symbols; s++) {
        if (frequency[s]) {
            frequency[s] = (uint32_t)(((uint64_t)frequency[s] << 16) / shares);
            frequency[s] += !frequency[s];
        }
        left -= frequency[s];
        if (frequency[s] > frequency[largest])
            largest = s;
    }
    left += frequency[largest];
    if (left <= 0) {
        damaged(d);
        return;
    }
    frequency[largest] = (uint32_t)left;
    t->cumulative[0] = 0;
    uint32_t entry = 0;
    for (uint32_t s = 0; s < symbols; s++) {
        frequency[s] += t->cumulative[s];
        for (; entry < 256 && entry << 8 < frequency[s]; entry++)
            t->first[entry] = (uint8_t)s;
    }
}

static uint32_t decode_symbol(source *s, const symbol_table *t)
{
    uint64_t size = (uint64_t)s->last + 1;
    uint32_t target = (uint32_t)(((((uint64_t)s->value + 1) << 16) - 1) / size);
    uint32_t symbol = t->first[target >> 8];
    while (t->cumulative[symbol + 1] <= target)
        symbol++;
    uint32_t cut = (uint32_t)(size * t->cumulative[symbol] >> 16);
    uint64_t end = size * t->cumulative[symbol + 1] >> 16;
    narrow(s, cut, (uint32_t)(end - cut - 1));
    return symbol;
}

/* Decodes classes from 0 to 3 and returns their number, the largest plus one. */
static uint32_t decode_classes(decoder *d, uint8_t *classes, uint32_t size)
{
    uint8_t most = 0;
    unsigned width = decode_raw(d, 1) ? 2 : 0;
    if (width)
        begin_call(d, (uint64_t)size * width);
    for (uint32_t i = 0; i < size && !d->status; i++) {
        classes[i] = (uint8_t)raw_bits(d, width);
        most = classes[i] > most ? classes[i] : most;
    }
    return most + 1u;
}

/* Decodes a tensor; of the grid only rows and columns are used, those of the section. */
static void decode_symbols(decoder *d, uint32_t size)
{
    const grid *g = &d->grid;
    uint8_t *high = d->high;
    int32_t low = decode_signed(d);
    uint32_t symbols = decode_new_uint(d, 9, MAX_SYMBOLS - 1) + 1;
    uint8_t *classes = take(d, (uint64_t)g->rows + g->columns);
    if (d->status)
        return;
    uint32_t row_classes = decode_classes(d, classes, g->rows);
    uint32_t column_classes = decode_classes(d, classes + g->rows, g->columns);
    uint32_t table_count = row_classes * column_classes;
    symbol_table *t = take(d, table_count * sizeof *t);
    if (d->status)
        return;
    begin_call(d, (uint64_t)table_count * symbols * 9);
    for (uint32_t i = 0; i < table_count && !d->status; i++)
        decode_table(d, &t[i], symbols);
    uint32_t lanes = decode_new_uint(d, 32, size), least = size / 4096 + (size % 4096 != 0);
    size_t available = d->side_size;
    if (!lanes || least > available) {
        damaged(d);
        return;
    }
    uint32_t lane_size = size / lanes + (size % lanes != 0), left = 0;
    uint32_t row = 0, within = 0, c = 0;
    unsigned width = decode_new_uint(d, 6, 17);
    source s;
    open_source(&s, d->side, 0);
    if (width)
        begin_call(d, (uint64_t)lanes * width);
    if (lane_size > MAX_LANE)
        damaged(d);
    for (uint32_t i = 0; i < lanes * lane_size && !d->status; i++) {
        if (!left) {
            size_t length = (size_t)raw_bits(d, width);
            if (length > d->side_size) {
                damaged(d);
                break;
            }
            open_source(&s, d->side, length);
            d->side += length;
            d->side_size -= length;
            left = lane_size;
        }
        left--;
        if (i >= size) {
            decode_symbol(&s, t);
            continue;
        }
        uint32_t number = classes[row] * column_classes + classes[g->rows + c];
        put(d, i, (int64_t)low + decode_symbol(&s, &t[number]));
        if (++c == g->columns)
            c = 0;
        if (++within == size / g->rows) {
            within = 0;
            row++;
        }
    }
    if (least > available - d->side_size)
        damaged(d);
    d->high = high;
}

/* ---- Integer tensors ---- */

#define MIN_SYMBOL_CODED 16384

typedef struct {
    unsigned rank;
    uint32_t lengths[MAX_RANK];
    uint32_t size; /* product of the lengths */
} shape;

static ALONE uint32_t product_of(const uint32_t *lengths, unsigned begin, unsigned end)
{
    uint32_t product = 1;
    for (unsigned i = begin; i < end; i++)
        product *= lengths[i];
    return product;
}

static void decode_flat(decoder *d, uint32_t size)
{
    int64_t low = decode_signed(d);
    unsigned width = decode_new_uint(d, 6, 32);
    if (width)
        begin_call(d, (uint64_t)size * width);
    for (uint32_t i = 0; i < size && !d->status; i++)
        put(d, i, low + (int64_t)raw_bits(d, width));
}

static void add_lag(grid *g, uint32_t lag)
{
    if (lag < g->rows)
        g->lags[g->lag_count++] = lag;
}

/* Decodes how a tensor becomes a matrix, and finds the lags and the period. */
static void decode_layout(decoder *d, const shape *s)
{
    grid *g = &d->grid;
    unsigned rotation = 0, row_axes = s->rank - 1, picture = 0;
    unsigned axis = decode_new_uint(d, 4, row_axes);
    if (s->rank > 2)
        rotation = decode_next_uint(d, 4, s->rank - 2);
    else if (decode_raw(d, 1)) {
        picture = (unsigned)decode_raw(d, 6) + 1;
        if (picture < 3)
            damaged(d);
    }
    g->columns = s->lengths[axis];
    g->rows = s->size / g->columns;
    g->column_stride = product_of(s->lengths, axis + 1, s->rank);
    g->axes = row_axes;
    for (unsigned i = 0; i < row_axes; i++) {
        unsigned from = (i + rotation) % row_axes;
        from += from >= axis;
        g->lengths[i] = s->lengths[from];
        g->strides[i] = product_of(s->lengths, from + 1, s->rank);
    }
    g->period = (uint32_t)smaller(product_of(g->lengths, 1, row_axes), 64);
    uint32_t lag = 1;
    add_lag(g, 1);
    if (picture) {
        add_lag(g, picture);
        add_lag(g, picture + 1);
        add_lag(g, picture - 1);
    } else if (row_axes == 1) {
        add_lag(g, 2);
    }
    for (unsigned i = row_axes; i-- > 1 && g->lag_count < 4;) {
        lag *= g->lengths[i];
        add_lag(g, lag);
    }
}

/* Decodes which profile the matrix is linked with. */
static void decode_link(decoder *d)
{
    grid *g = &d->grid;
    uint32_t chosen = 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        uint32_t number = 0;
        const uint8_t *profile = d->low;
        for (unsigned i = d->profile_count; i--;) {
            uint32_t size = d->profile_sizes[i];
            profile -= size;
            if (g->rows > 1 && g->rows % size == 0 && ++number == chosen) {
                g->row_links = profile;
                g->link_size = size;
            }
            if (size == g->columns && ++number == chosen)
                g->column_links = profile;
        }
        if (pass || !number)
            return;
        chosen = decode_new_uint(d, 7, number);
        if (!chosen)
            return;
    }
}

/* Remembers how full the units along the first or last axis are. */
static void add_profile(decoder *d, const shape *s, int last)
{
    uint32_t length = s->lengths[last ? s->rank - 1 : 0], others = s->size / length;
    if (length < 4 || length > 65536 || d->status)
        return;
    if (d->profile_count == MAX_PROFILES) {
        uint32_t oldest = d->profile_sizes[0];
        d->low -= oldest;
        for (uint8_t volatile *to = d->profiles; to < d->low; to++) /* not to be a memmove */
            *to = to[oldest];
        d->profile_count--;
        for (unsigned i = 0; i < d->profile_count; i++)
            d->profile_sizes[i] = d->profile_sizes[i + 1];
    }
    if (length > (size_t)(d->high - d->low)) {
        fail(d, ECZ_ARENA_TOO_SMALL);
        return;
    }
    for (uint32_t i = 0; i < length; i++) {
        uint32_t live = 0, place = last ? i : i * others;
        for (uint32_t j = 0; j < others; j++, place += last ? length : 1)
            live += get(d, place) != 0;
        d->low[i] = (uint8_t)smaller(half_log(live), LINK_CLASSES - 1);
    }
    d->low += length;
    d->profile_sizes[d->profile_count++] = length;
}

/* Decodes a tensor into the grid; `related` is whether it is coded with history. */
static void decode_integers(decoder *d, const shape *given, int related)
{
    shape s;
    s.rank = 0;
    s.size = given->size;
    for (unsigned i = 0; i < given->rank; i++)
        if (given->lengths[i] > 1)
            s.lengths[s.rank++] = given->lengths[i];
    if (!s.rank)
        s.lengths[s.rank++] = 1;
    if (related && s.size >= MIN_SYMBOL_CODED && decode_raw(d, 1)) {
        d->grid.rows = s.lengths[0];
        d->grid.columns = s.rank > 1 ? s.lengths[s.rank - 1] : 1;
        decode_symbols(d, s.size);
        return;
    }
    if (s.rank == 1 && decode_raw(d, 1)) {
        decode_flat(d, s.size);
    } else {
        if (s.rank == 1)
            lay_out_row(d, s.size);
        else
            decode_layout(d, &s);
        if (d->status)
            return;
        if (related)
            decode_link(d);
        decode_matrix(d);
    }
    for (unsigned last = 0; related && last < 2 && last < s.rank; last++)
        add_profile(d, &s, (int)last);
}

/* Decodes a vector of integers in [low, high], of four bytes each, without history. */
static void decode_vector(decoder *d, uint8_t *data, uint32_t size, int32_t low, int32_t high)
{
    shape s;
    s.rank = 1;
    s.lengths[0] = s.size = size;
    start_grid(d, data, 4, low, high);
    decode_integers(d, &s, 0);
}

/* ---- Float vectors ---- */

/* Returns the bit pattern of float32(k) * scale, rounded half to even. */
static uint32_t multiply(decoder *d, int32_t k, uint32_t scale)
{
    uint64_t exact = (uint64_t)magnitude_of(k) * ((scale & 0x7FFFFF) | 0x800000);
    uint32_t sign = (scale ^ (k < 0 ? 0x80000000u : 0)) & 0x80000000u;
    uint32_t exponent = scale >> 23 & 255;
    if (exponent == 0 || exponent == 255)
        damaged(d);
    if (!k)
        return sign;
    unsigned drop = bit_length(exact) - 24;
    uint64_t kept = exact >> drop, rest = exact - (kept << drop), half = ((uint64_t)1 << drop) >> 1;
    if (drop && (rest > half || (rest == half && kept & 1)))
        kept++;
    exponent += drop + (uint32_t)(kept >> 24);
    kept >>= kept >> 24;
    if (exponent >= 255)
        damaged(d);
    return sign | exponent << 23 | ((uint32_t)kept & 0x7FFFFF);
}

typedef struct {
    counts sign, delta_sign, delta[9], width[32];
    int32_t exponent;
} float_model;

static ALONE uint32_t decode_float(decoder *d, float_model *m)
{
    uint32_t sign = decode_counted(d, &m->sign), width = 1;
    int32_t delta = (int32_t)decode_uint(d, m->delta, 9, 511);
    if (delta && decode_counted(d, &m->delta_sign))
        delta = -delta;
    m->exponent += delta;
    while (width < 32)
        width = width << 1 | decode_counted(d, &m->width[width]);
    width -= 32;
    if (m->exponent < 0 || m->exponent > 255 || width > 23) {
        damaged(d);
        return 0;
    }
    return sign << 31 | (uint32_t)m->exponent << 23
           | (uint32_t)decode_raw(d, width) << (23 - width);
}

/* Decodes numbers field by field; `spare` is room for four bytes each. */
static void decode_float_fields(decoder *d, uint32_t *floats, uint32_t size, uint8_t *spare)
{
    uint32_t base = (uint32_t)decode_raw(d, 8);
    unsigned width = decode_new_uint(d, 5, 23);
    decode_vector(d, (uint8_t *)floats, size, -(int32_t)base, 255 - (int32_t)base);
    decode_vector(d, spare, size, -MAX_MAGNITUDE, MAX_MAGNITUDE);
    if (width)
        begin_call(d, (uint64_t)size * width);
    for (uint32_t i = 0; i < size && !d->status; i++) {
        uint32_t exponent = word_at((uint8_t *)&floats[i]) + base;
        floats[i] = word_at(spare + (size_t)i * 4) << 31 | exponent << 23
                    | (uint32_t)raw_bits(d, width) << (23 - width);
    }
}

/* Decodes bit patterns; `spare` is room for four bytes each. */
static void decode_floats(decoder *d, uint32_t *floats, uint32_t size, uint8_t *spare)
{
    int stepped = size > 1 && decode_raw(d, 1);
    if (!stepped && size > 16) {
        decode_float_fields(d, floats, size, spare);
        return;
    }
    float_model model;
    clear(&model, sizeof model);
    model.exponent = 127;
    for (uint32_t i = 0; i < (stepped ? 1 : size); i++)
        floats[i] = decode_float(d, &model);
    if (stepped) {
        uint32_t step = floats[0];
        decode_vector(d, (uint8_t *)floats, size, -MAX_FACTOR, MAX_FACTOR);
        for (uint32_t i = 0; i < size && !d->status; i++)
            floats[i] = multiply(d, get(d, i), step);
    }
}

/* ---- Representations ---- */

enum { ALPHABET, PRODUCT, CHANNEL_TABLES, INTEGERS };

#define MAX_ALPHABET 4096
#define MAX_SIDE 256

/* How many values a channel has above and below zero, and whether zero is negative. */
enum { ABOVE, BELOW, NEGATIVE_ZERO };
typedef struct {
    uint16_t of[3];
} channel;

static void decode_by_alphabet(decoder *d, uint8_t *data, const shape *s, unsigned width)
{
    uint32_t size = decode_new_uint(d, 12, MAX_ALPHABET - 1) + 1;
    int32_t origin = (int32_t)decode_next_uint(d, 12, size - 1);
    uint32_t *patterns = take(d, size * sizeof *patterns);
    if (width < 4 && size > (uint32_t)1 << 8 * width)
        damaged(d);
    if (d->status)
        return;
    if (width == 4) {
        uint8_t *high = d->high, *spare = take(d, size * 4);
        if (!spare)
            return;
        decode_floats(d, patterns, size, spare);
        d->high = high;
    } else {
        decode_vector(d, (uint8_t *)patterns, size, 0, (1 << 8 * width) - 1);
        for (uint32_t i = 0; i < size && !d->status; i++)
            patterns[i] = (uint32_t)get(d, i);
    }
    start_grid(d, data, width, -origin, (int32_t)size - 1 - origin);
    decode_integers(d, s, 1);
    for (uint32_t i = 0; i < s->size && !d->status; i++)
        put_word(data + (size_t)i * width, width, patterns[get(d, i) + origin]);
}

static channel *decode_channel_counts(decoder *d, uint8_t *data, uint32_t size, uint64_t *total)
{
    channel *channels = take(d, (uint64_t)size * sizeof *channels);
    *total = 0;
    for (unsigned field = 0; field < 3 && !d->status; field++) {
        decode_vector(d, data, size, 0, field == NEGATIVE_ZERO ? 1 : MAX_SIDE);
        for (uint32_t i = 0; i < size && !d->status; i++) {
            uint16_t x = channels[i].of[field] = (uint16_t)get(d, i);
            *total += field == NEGATIVE_ZERO ? 0u : x;
        }
    }
    return channels;
}

static ALONE uint32_t look_up(decoder *d, const channel *c, const uint32_t *values, int32_t rank)
{
    if (rank > c->of[ABOVE] || rank < -(int32_t)c->of[BELOW])
        damaged(d);
    else if (rank)
        return values[c->of[BELOW] + rank - (rank > 0)];
    return (uint32_t)c->of[NEGATIVE_ZERO] << 31;
}

/* Decodes a tensor of products, or of values of channel tables. */
static void decode_by_channel(decoder *d, uint8_t *data, const shape *s, int is_product)
{
    unsigned axis = (unsigned)decode_uint(d, d->tables->axes, 4, s->rank);
    uint32_t size = axis ? s->lengths[axis - 1] : 1;
    uint32_t inner = product_of(s->lengths, axis, s->rank);
    uint64_t value_count = size;
    const channel *channels = 0;
    if (!is_product)
        channels = decode_channel_counts(d, data, size, &value_count);
    if (value_count > s->size)
        damaged(d);
    uint32_t *values = take(d, value_count * sizeof *values);
    if (d->status)
        return;
    if (value_count)
        decode_floats(d, values, (uint32_t)value_count, data);
    int32_t limit = is_product ? MAX_FACTOR : MAX_SIDE;
    start_grid(d, data, 4, -limit, limit);
    decode_integers(d, s, 1);
    for (uint32_t place = 0; place < s->size;) {
        const uint32_t *first = values;
        for (uint32_t i = 0; i < size; i++) {
            for (uint32_t k = 0; k < inner; k++, place++) {
                if (d->status)
                    return;
                int32_t x = get(d, place);
                put_word(data + (size_t)place * 4, 4, is_product ? multiply(d, x, values[i])
                                                         : look_up(d, &channels[i], first, x));
            }
            if (!is_product)
                first += channels[i].of[ABOVE] + channels[i].of[BELOW];
        }
    }
}

/* Decodes a tensor of at most `limit` bytes; returns its size in bytes. */
static ALONE size_t decode_representation(decoder *d, uint8_t *data, size_t limit)
{
    shape s;
    tables *t = d->tables;
    uint8_t *high = d->high;
    unsigned kind = (unsigned)decode_uint(d, t->kinds, 2, 3), width = 4;
    if (kind == ALPHABET || kind == INTEGERS)
        width = 1u << decode_uint(d, t->sizes, 2, 2);
    s.rank = (unsigned)decode_uint(d, t->ranks, 4, MAX_RANK);
    s.size = 1;
    if (!s.rank)
        damaged(d);
    for (unsigned i = 0; i < s.rank; i++) {
        uint64_t length = decode_uint(d, t->lengths, 33, limit / width / s.size);
        if (!length)
            damaged(d);
        else if (length * s.size > MAX_ELEMENTS)
            fail(d, ECZ_TOO_LARGE);
        if (d->status)
            return 0;
        s.lengths[i] = (uint32_t)length;
        s.size *= s.lengths[i];
    }
    if (d->status)
        return 0;
    if (kind == ALPHABET) {
        decode_by_alphabet(d, data, &s, width);
    } else if (kind == INTEGERS) {
        int32_t most = (int32_t)((1u << (8 * width - 1)) - 1);
        start_grid(d, data, width, width < 4 ? -most - 1 : -most, most);
        decode_integers(d, &s, 1);
    } else {
        decode_by_channel(d, data, &s, kind == PRODUCT);
    }
    d->high = high;
    return (size_t)s.size * width;
}

/* ---- LZMA1, raw ---- */

/* Where the probabilities of what begin. */
enum {
    IS_MATCH = 0,
    IS_REP0_LONG = IS_MATCH + 12 * 16,
    IS_REP = IS_REP0_LONG + 12 * 16,
    IS_REP_G0 = IS_REP + 12,
    IS_REP_G1 = IS_REP_G0 + 12,
    IS_REP_G2 = IS_REP_G1 + 12,
    SLOTS = IS_REP_G2 + 12,
    SPECIAL = SLOTS + 4 * 64,
    ALIGN = SPECIAL + 115,
    LENGTHS = ALIGN + 16,
    REP_LENGTHS = LENGTHS + 2 + 2 * 16 * 8 + 256,
    LITERALS = REP_LENGTHS + 2 + 2 * 16 * 8 + 256
};

typedef struct {
    const uint8_t *in, *end;
    int ended; /* whether the input ended before the symbol did */
    uint32_t range, code, state;
    uint16_t *p;
} lzma;

static void lzma_normalize(lzma *z)
{
    if (z->range >> 24)
        return;
    z->range <<= 8;
    z->code <<= 8;
    if (z->in == z->end)
        z->ended = 1;
    else
        z->code |= *z->in++;
}

static uint32_t lzma_bit(lzma *z, uint32_t place)
{
    uint32_t p = z->p[place];
    lzma_normalize(z);
    uint32_t bound = (z->range >> 11) * p, bit = z->code >= bound;
    if (bit) {
        z->range -= bound;
        z->code -= bound;
        p -= p >> 5;
    } else {
        z->range = bound;
        p += (2048 - p) >> 5;
    }
    z->p[place] = (uint16_t)p;
    return bit;
}

/* Decodes `bits` bits with a tree of probabilities, highest or lowest bit first. */
static ALONE uint32_t lzma_tree(lzma *z, uint32_t place, unsigned bits, int lowest_first)
{
    uint32_t node = 1, x = 0;
    for (unsigned i = 0; i < bits; i++) {
        uint32_t bit = lzma_bit(z, place + node);
        node = node << 1 | bit;
        x |= bit << i;
    }
    return lowest_first ? x : node - (1u << bits);
}

static uint32_t lzma_length(lzma *z, uint32_t place, uint32_t position)
{
    if (!lzma_bit(z, place))
        return 2 + lzma_tree(z, place + 2 + 8 * position, 3, 0);
    if (!lzma_bit(z, place + 1))
        return 10 + lzma_tree(z, place + 2 + 8 * (16 + position), 3, 0);
    return 18 + lzma_tree(z, place + 2 + 8 * 32, 8, 0);
}

static ALONE uint32_t lzma_distance(lzma *z, uint32_t length)
{
    uint32_t slot = lzma_tree(z, SLOTS + 64 * (length > 5 ? 3 : length - 2), 6, 0), direct = 0;
    if (slot < 4)
        return slot;
    unsigned bits = (slot >> 1) - 1;
    uint32_t distance = (2 | (slot & 1)) << bits;
    if (slot < 14)
        return distance + lzma_tree(z, SPECIAL + distance - slot, bits, 1);
    for (; bits > 4; bits--) {
        lzma_normalize(z);
        z->range >>= 1;
        z->code -= z->range;
        uint32_t below = 0u - (z->code >> 31);
        z->code += z->range & below;
        direct = (direct << 1) + below + 1;
    }
    return distance + (direct << 4) + lzma_tree(z, ALIGN, 4, 1);
}

/* Decodes a literal; `match` is the byte at the latest distance with bit 8 set, 0 for none. */
static ALONE uint32_t lzma_literal(lzma *z, uint32_t place, uint32_t match)
{
    uint32_t symbol = 1, agrees = match & 256; /* 256 while all bits have been the match's */
    while (symbol < 256) {
        match <<= 1;
        uint32_t bit = lzma_bit(z, place + agrees + (match & agrees) + symbol);
        agrees &= bit ? match : ~match;
        symbol = symbol << 1 | bit;
    }
    return symbol & 255;
}

/* Decodes a match's length, and its distance less one to `reps[0]`. */
static uint32_t lzma_match(lzma *z, uint32_t *reps, uint32_t position)
{
    uint32_t state = z->state, late = state < 7 ? 0 : 3, rep = 3, distance = 0, length = 1;
    z->state = 8 + late;
    if (!lzma_bit(z, IS_REP + state)) {
        z->state = 7 + late;
        length = lzma_length(z, LENGTHS, position);
        distance = lzma_distance(z, length);
    } else {
        rep = lzma_bit(z, IS_REP_G0 + state);
        if (rep && lzma_bit(z, IS_REP_G1 + state))
            rep = 2 + lzma_bit(z, IS_REP_G2 + state);
        distance = reps[rep];
        if (rep || lzma_bit(z, IS_REP0_LONG + 16 * state + position))
            length = lzma_length(z, REP_LENGTHS, position);
        else
            z->state = late ? 11 : 9;
    }
    for (; rep; rep--)
        reps[rep] = reps[rep - 1];
    reps[0] = distance;
    return length;
}

/* Decodes what the input holds, which must be exactly `size` bytes. */
static ALONE void decode_lzma(decoder *d, const uint8_t *in, size_t in_size, unsigned parameter,
                        uint8_t *out, size_t size)
{
    unsigned lc = parameter % 9, lp = parameter / 9 % 5, pb = parameter / 45;
    uint32_t p_count = LITERALS + (0x300u << (lc + lp));
    uint32_t reps[4];
    size_t done = 0, window = 4096;
    lzma z;
    if (pb > 4 || lc + lp > 4 || (in_size && in[0])) {
        damaged(d);
        return;
    }
    clear(reps, sizeof reps);
    clear(&z, sizeof z);
    z.in = in;
    z.end = in + in_size;
    z.p = take(d, p_count * sizeof *z.p);
    if (!z.p)
        return;
    for (uint32_t i = 0; i < p_count; i++)
        z.p[i] = 1024;
    while (window < size && window < (size_t)1 << 26)
        window <<= 1;
    for (unsigned i = 0; i < 5; i++) {
        z.range = 0;
        lzma_normalize(&z);
    }
    z.range = 0xFFFFFFFF;
    while (!z.ended) {
        uint32_t position = (uint32_t)done & ((1u << pb) - 1), length = 1, symbol = 0;
        uint32_t is_match = lzma_bit(&z, IS_MATCH + 16 * z.state + position);
        if (is_match) {
            length = lzma_match(&z, reps, position);
            if (reps[0] == 0xFFFFFFFF)
                lzma_normalize(&z);
        } else {
            uint32_t number = ((uint32_t)done & ((1u << lp) - 1)) << lc
                              | (done ? (uint32_t)out[done - 1] >> (8 - lc) : 0);
            symbol = z.state < 7 ? 0 : 256u | out[done - reps[0] - 1];
            symbol = lzma_literal(&z, LITERALS + 0x300 * number, symbol);
            z.state = z.state < 4 ? 0 : z.state - (z.state < 10 ? 3 : 6);
        }
        if (z.ended || (is_match && reps[0] == 0xFFFFFFFF && !z.code))
            break;
        if (length > size - done || (is_match && reps[0] >= smaller(done, window))) {
            damaged(d);
            return;
        }
        for (; length; length--, done++)
            out[done] = is_match ? out[done - reps[0] - 1] : (uint8_t)symbol;
    }
    if (done != size)
        damaged(d);
}

/* ---- Structure ---- */

#define MAX_STRUCTURE 32768
#define DICTIONARY_SIZE 6144
#define CONTEXTS 9
#define TABLES_INPUT 9
#define VTABLES_INPUT 10
#define STRUCTURE_INPUTS 11
#define CLASSES 8
#define MIXED_CLASS 7
#define MAX_CANDIDATES 64
#define MAX_PENDING 24 /* tables are 4 bytes apart, and at most 80 from their vtables */
#define MAX_VTABLES 16

static const uint8_t prior[DICTIONARY_SIZE + 6 * STRUCTURE_INPUTS * CLASSES];

typedef struct {
    const decoder *d;
    uint8_t *data, *phases; /* of the residual, then of the dictionary */
    size_t size;            /* of the residual */
    size_t *unreferenced;   /* addresses of tables */
    unsigned unreferenced_count, vtable_count, pending_count, word_counts[2];
    unsigned totals[STRUCTURE_INPUTS];
    uint32_t known;                 /* bytes of the word at hand */
    uint32_t words[2][MAX_VTABLES]; /* predicted, of inputs 9 and 10 */
    uint32_t vtables[MAX_VTABLES];
    size_t pending_tables[MAX_PENDING], pending_vtables[MAX_PENDING];
    int32_t weights[6 * STRUCTURE_INPUTS * CLASSES];
    uint8_t candidates[STRUCTURE_INPUTS][MAX_CANDIDATES];
} structure;

/* Returns the position in the residual of an address, NOWHERE if it is none. */
static size_t residual_position(const decoder *d, uint64_t address)
{
    size_t position = 0;
    for (size_t i = 0; i < d->region_count; i++) {
        const region *r = &d->regions[i];
        if (address < r->gap)
            return position + (size_t)address;
        address -= r->gap;
        if (address < r->size)
            break;
        address -= r->size;
        position += r->gap;
    }
    return NOWHERE;
}

/* Finds the candidates of the contexts of the residual byte at a position. */
static void find_candidates(structure *t, size_t position)
{
    static const uint8_t caps[CONTEXTS] = {64, 64, 64, 32, 16, 16, 32, 32, 32};
    static const uint8_t of_run[11] = {0, 0, 0, 0, 8, 8, 24, 24, 24, 24, 56}; /* inputs 3 to 5 */
    const uint8_t *here = t->data + position, *at = here;
    unsigned phase = t->phases[position], open = (1u << CONTEXTS) - 1;
    clear(t->totals, sizeof t->totals);
    for (size_t left = t->size - position + DICTIONARY_SIZE - 13; left && open; left--) {
        at++;
        unsigned run = 0;
        while (run < 10 && at[run + 1] == here[run + 1])
            run++;
        unsigned found = of_run[run];
        if (t->phases[at - t->data] == phase) {
            found |= run > 1 ? 7u : 2 * run + 1;
            if (at[4] == here[4])
                found |= at[8] != here[8] ? 1u << 6 : at[12] != here[12] ? 3u << 6 : 7u << 6;
        }
        found &= open;
        for (unsigned k = 0; found; k++, found >>= 1)
            if (found & 1) {
                t->candidates[k][t->totals[k]++] = *at;
                if (t->totals[k] == caps[k])
                    open &= ~(1u << k);
            }
    }
}

/* Decodes a byte of which the inputs' candidates are known. */
static uint8_t mix_byte(structure *t, source *s, unsigned phase)
{
    static const uint8_t most[6] = {1, 2, 3, 5, 11, 39}; /* total of each class */
    const tables *tables = t->d->tables;
    int32_t evidence[STRUCTURE_INPUTS]; /* 0 of inputs that are not live */
    uint8_t places[STRUCTURE_INPUTS];
    unsigned byte = 1, has_tables = t->totals[VTABLES_INPUT];
    for (unsigned shift = 8; shift--;) {
        unsigned sure[2];
        sure[0] = sure[1] = 0;
        int64_t sum = 0;
        for (unsigned k = 0; k < STRUCTURE_INPUTS; k++) {
            uint32_t seen[2];
            seen[0] = seen[1] = 0;
            for (unsigned i = 0; i < t->totals[k]; i++) {
                unsigned candidate = 256u | t->candidates[k][i];
                if (candidate >> (shift + 1) == byte)
                    seen[candidate >> shift & 1]++;
            }
            unsigned total = seen[0] + seen[1], class = MIXED_CLASS;
            if (!seen[0] || !seen[1]) {
                for (class = 0; class < 6 && total > most[class]; class++)
                    ;
                if (k >= CONTEXTS)
                    class = (phase ? 3 - phase : 2) + (total > 1 ? 3 : 0);
                sure[seen[1] > 0] += total > 0;
            }
            places[k] = (uint8_t)(k * CLASSES + class);
            evidence[k] = 0;
            if (total)
                evidence[k] = stretch(tables, ((10 * seen[1] + 1) << 16) / (10 * total + 2));
        }
        unsigned all = sure[0] + sure[1], set = all == 0 ? 2 : all >= 4 ? 3 : 0;
        if (has_tables)
            set = 5;
        if (sure[0] && sure[1])
            set = has_tables ? 4 : 1;
        int32_t *weights = t->weights + set * STRUCTURE_INPUTS * CLASSES;
        for (unsigned k = 0; k < STRUCTURE_INPUTS; k++)
            sum += (int64_t)weights[places[k]] * evidence[k];
        uint32_t p = squash(tables, floor_divide(sum, 65536)), bit = read_bit(s, p);
        int64_t error = (int64_t)(bit << 16) - p;
        byte = byte << 1 | bit;
        for (unsigned k = 0; k < STRUCTURE_INPUTS; k++) {
            int32_t *weight = &weights[places[k]];
            *weight = clip_weight(*weight + floor_divide(error * evidence[k], 32768), 1 << 19);
        }
    }
    return (uint8_t)byte;
}

/* Notes a table, if what may be its vtable looks like one. */
static void note_table(structure *t, size_t table, uint64_t vtable)
{
    size_t position = residual_position(t->d, vtable);
    if (position == NOWHERE || residual_position(t->d, vtable + 3) != position + 3)
        return;
    uint32_t word = word_at(t->data + position), size = word & 0xFFFF, extent = word >> 16;
    if (size < 4 || size > 64 || size & 1 || extent < 4 || extent > 128)
        return;
    t->vtables[t->vtable_count++ % MAX_VTABLES] = (uint32_t)vtable;
    t->unreferenced[t->unreferenced_count++] = table;
}

/* Learns from the residual byte at an address; `whole` is whether a word begins there, all of
   whose bytes are residual. */
static ALONE void add_byte(structure *t, size_t address, size_t position, int whole)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < t->pending_count; i++) {
        size_t table = t->pending_tables[i], vtable = t->pending_vtables[i];
        if (vtable == address)
            note_table(t, table, address);
        if (vtable < address) {
            t->pending_tables[kept] = table;
            t->pending_vtables[kept++] = vtable;
        }
    }
    t->pending_count = kept;
    if (!whole)
        return;
    /* A table is noted once only, so that there is but one such entry. */
    uint32_t word = word_at(t->data + position);
    kept = 0;
    for (unsigned i = 0; i < t->unreferenced_count; i++)
        if (t->unreferenced[i] - address != word)
            t->unreferenced[kept++] = t->unreferenced[i];
    t->unreferenced_count = kept;
    /* A vtable behind the table has the difference as a negative number. */
    if (word >> 31) {
        note_table(t, address, address + ((uint64_t)1 << 32) - word);
    } else if (word && word <= 80 && word <= address) {
        t->pending_tables[t->pending_count] = address;
        t->pending_vtables[t->pending_count++] = address - word;
    }
}

/* Predicts the word at an address. */
static void predict_words(structure *t, size_t address)
{
    unsigned count = (unsigned)smaller(t->unreferenced_count, 8);
    t->word_counts[0] = count;
    for (unsigned i = 0; i < count; i++)
        t->words[0][i] = (uint32_t)(t->unreferenced[t->unreferenced_count - 1 - i] - address);
    count = (unsigned)smaller(t->vtable_count, MAX_VTABLES);
    t->word_counts[1] = count;
    for (unsigned i = 0; i < count; i++)
        t->words[1][i] = (uint32_t)address - t->vtables[i];
}

/* Decodes the byte at an address, below which there are `below` of the same region. */
static ALONE void decode_structure_byte(structure *t, source *s, size_t address, size_t position,
                                  size_t below)
{
    unsigned phase = address & 3;
    t->phases[position] = (uint8_t)phase;
    find_candidates(t, position);
    if (phase == 3) {
        t->known = 0;
        if (below >= 3)
            predict_words(t, address - 3);
    }
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < t->word_counts[k]; i++) {
            uint32_t word = t->words[k][i], input = TABLES_INPUT + k;
            if ((uint64_t)(word ^ t->known) >> 8 * (phase + 1) == 0)
                t->candidates[input][t->totals[input]++] = (uint8_t)(word >> 8 * phase);
        }
    uint8_t byte = mix_byte(t, s, phase);
    t->data[position] = byte;
    t->known |= (uint32_t)byte << 8 * phase;
    if (!phase)
        t->word_counts[0] = t->word_counts[1] = 0;
}

/* Returns the residual, decoded in the arena. */
static ALONE const uint8_t *decode_structure(decoder *d, const uint8_t *in, size_t in_size,
                                             size_t size, size_t address)
{
    source s;
    if (size > MAX_STRUCTURE || size > 1024 + 256 * (uint64_t)in_size) {
        damaged(d);
        return 0;
    }
    structure *t = take(d, sizeof *t);
    uint8_t *data = take(d, size + DICTIONARY_SIZE), *phases = take(d, size + DICTIONARY_SIZE);
    size_t *unreferenced = take(d, size / 4 * sizeof *unreferenced);
    if (d->status)
        return 0;
    clear(t, sizeof *t);
    t->d = d;
    t->data = data;
    t->phases = phases;
    t->size = size;
    t->unreferenced = unreferenced;
    memcpy(data + size, prior, DICTIONARY_SIZE);
    for (unsigned i = 0; i < DICTIONARY_SIZE; i++)
        phases[size + i] = i & 3;
    for (unsigned i = 0; i < 6 * STRUCTURE_INPUTS * CLASSES; i++) {
        int32_t weight = prior[DICTIONARY_SIZE + i];
        t->weights[i] = (weight < 128 ? weight : weight - 256) * 2048;
    }
    open_source(&s, in, in_size);
    for (size_t i = d->region_count; i--;) {
        address -= d->regions[i].size;
        for (size_t below = d->regions[i].gap; below--;) {
            address--;
            size--;
            decode_structure_byte(t, &s, address, size, below);
            add_byte(t, address, size,
                     (address & 3) == 0 && below + 4 <= d->regions[i].gap);
        }
    }
    finish(d, &s);
    return data;
}

/* ---- Container ---- *//* ---- Container ---- */

enum { STORED, STRUCTURE, LZMA };

#define MAX_CONTENT ((uint64_t)1 << 34)
#define MAX_EXPANSION ((uint64_t)1 << 20)
#define MAX_TENSORS ((uint64_t)1 << 20)

typedef struct {
    uint64_t content_size;
    unsigned codec, parameter;
    uint32_t checksum;
    const uint8_t *body, *coded, *stream, *side;
    size_t body_size, coded_size, stream_size, side_size;
} header;

/* Reads a byte and moves `at` behind it; 256 if there is none. */
static ALONE unsigned read_byte(const uint8_t **at, const uint8_t *end)
{
    return *at < end ? *(*at)++ : 256;
}

/* Reads a varint and moves `at` behind it; all bits set if it is malformed. */
static ALONE uint64_t read_varint(const uint8_t **at, const uint8_t *end)
{
    uint64_t x = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        unsigned byte = read_byte(at, end);
        x |= (uint64_t)(byte & 127) << shift;
        if (byte == 256 || (shift && !byte))
            break;
        if (byte < 128)
            return x;
    }
    return UINT64_MAX;
}

static ALONE ecz_status read_header(header *h, const uint8_t *file, size_t size)
{
    uint32_t magic = size < 4 ? 0 : word_at(file);
    if ((magic & 0xFFFFFF) != 0x5A4345) /* "ECZ" */
        return ECZ_DAMAGED;
    if (magic >> 24 != 1)
        return ECZ_UNSUPPORTED_VERSION;
    if (size < 8)
        return ECZ_DAMAGED;
    h->checksum = word_at(file + 4);
    const uint8_t *at = file + 8, *end = file + size;
    h->body = at;
    h->body_size = size - 8;
    h->content_size = read_varint(&at, end);
    h->codec = read_byte(&at, end);
    h->parameter = h->codec == LZMA ? read_byte(&at, end) : 0;
    uint64_t coded_size = read_varint(&at, end), stream_size = read_varint(&at, end);
    uint64_t left = (uint64_t)(end - at);
    if (h->content_size > smaller(MAX_CONTENT, MAX_EXPANSION * size) || h->codec > LZMA
        || coded_size > left || stream_size > left - coded_size)
        return ECZ_DAMAGED;
    h->coded = at;
    h->coded_size = (size_t)coded_size;
    h->stream = h->coded + h->coded_size;
    h->stream_size = (size_t)stream_size;
    h->side = h->stream + h->stream_size;
    h->side_size = (size_t)(end - h->side);
    return ECZ_OK;
}

/* Opens the main stream; returns the number of tensors, with which it begins. */
static size_t open_streams(decoder *d, const header *h)
{
    clear(d, sizeof *d);
    open_source(&d->main, h->stream, h->stream_size);
    d->calls = ((uint64_t)1 << 14) + 64 * (uint64_t)h->stream_size;
    d->decisions = ((uint64_t)1 << 20) + 4096 * (uint64_t)h->stream_size;
    d->side = h->side;
    d->side_size = h->side_size;
    if (!h->stream_size)
        return 0;
    return decode_new_uint(d, 21, smaller(MAX_TENSORS, 8 * (uint64_t)h->stream_size));
}

/* Decodes all tensors, and sizes that belong to them, to their places, and lists the regions, of
   which tensors without a gap between them are one; returns the size of the residual. */
static ALONE size_t decode_tensors(decoder *d, size_t count, uint8_t *content, size_t size)
{
    size_t position = 0, residual_size = 0;
    region *r = d->regions;
    while (count-- && !d->status) {
        size_t gap = (size_t)decode_uint(d, d->tables->gaps, 40, size - position);
        position += gap;
        unsigned prefix = gap >= 4 && decode_counted(d, &d->tables->sized) ? 4 : 0;
        size_t bytes = decode_representation(d, content + position, size - position);
        if (prefix && bytes > 0xFFFFFFFF)
            damaged(d);
        put_word(content + position - prefix, prefix, (uint32_t)bytes);
        position += bytes;
        gap -= prefix;
        residual_size += gap;
        if (gap || r == d->regions)
            *r++ = (region){gap, 0};
        r[-1].size += prefix + bytes;
    }
    r->gap = size - position;
    r->size = 0;
    d->region_count = (size_t)(r - d->regions) + 1;
    finish(d, &d->main);
    if (d->side_size)
        damaged(d);
    return residual_size + r->gap;
}

/* Returns the residual, decoded to `room` if it is coded with LZMA. */
static const uint8_t *decode_residual(decoder *d, const header *h, uint8_t *room, size_t size)
{
    if (h->codec == STRUCTURE)
        return decode_structure(d, h->coded, h->coded_size, size, (size_t)h->content_size);
    if (h->codec == LZMA)
        decode_lzma(d, h->coded, h->coded_size, h->parameter, room, size);
    else if (h->coded_size != size)
        damaged(d);
    return h->codec == STORED ? h->coded : room;
}

ecz_status ecz_content_size(const uint8_t *file, size_t file_size, uint64_t *content_size)
{
    header h;
    ecz_status status = read_header(&h, file, file_size);
    *content_size = status == ECZ_OK ? h.content_size : 0;
    return status;
}

/* What of the arena does not depend on the file: the tables, and the most that coding structure
   takes beside the residual; alphabets and the model of a matrix take less. */
#define FIXED_ARENA \
    (sizeof(tables) + sizeof(structure) + 2 * DICTIONARY_SIZE \
     + MAX_STRUCTURE * (1 + sizeof(size_t) / 4) + 64)
typedef char fixed_arena_is_enough
    [sizeof(matrix) + 2 * 4 * MAX_ALPHABET < sizeof(structure) + 2 * DICTIONARY_SIZE
                                                 + MAX_STRUCTURE * (1 + sizeof(size_t) / 4)
         ? 1
         : -1];

ecz_status ecz_arena_size(const uint8_t *file, size_t file_size, uint64_t *arena_size)
{
    header h;
    decoder d;
    ecz_status status = read_header(&h, file, file_size);
    *arena_size = 0;
    if (status != ECZ_OK)
        return status;
    size_t count = open_streams(&d, &h);
    if (d.status == ECZ_OK)
        *arena_size = h.content_size + (count + 1) * (uint64_t)sizeof(region) + FIXED_ARENA;
    return d.status;
}

ecz_status ecz_decode(const uint8_t *file, size_t file_size, uint8_t *content,
                      size_t content_size, void *arena, size_t arena_size)
{
    header h;
    decoder d;
    ecz_status status = read_header(&h, file, file_size);
    if (status != ECZ_OK)
        return status;
    if (h.content_size > SIZE_MAX)
        return ECZ_TOO_LARGE;
    if (h.content_size > content_size)
        return ECZ_CONTENT_TOO_SMALL;
    size_t size = (size_t)h.content_size, count = open_streams(&d, &h);
    size_t padding = (size_t)(0 - (uintptr_t)arena) & 7, fixed = (sizeof(tables) + 7) & ~(size_t)7;
    uint64_t needed = padding + fixed + (count + 1) * (uint64_t)sizeof(region);
    if (d.status)
        return d.status;
    if (needed > arena_size)
        return ECZ_ARENA_TOO_SMALL;
    uint8_t *at = (uint8_t *)arena + padding;
    d.tables = (tables *)at;
    d.regions = (region *)(at + fixed);
    d.low = d.profiles = (uint8_t *)(d.regions + count + 1);
    d.high = d.low + ((arena_size - (size_t)needed) & ~(size_t)7);
    clear(d.tables, sizeof *d.tables);
    fill_log_odds(d.tables);

    size_t residual_size = decode_tensors(&d, count, content, size);
    if (d.status)
        return d.status;
    d.low = d.profiles;
    uint8_t *room = content;
    if (count && h.codec == LZMA)
        room = take(&d, residual_size);
    const uint8_t *residual = decode_residual(&d, &h, room, residual_size);
    if (d.status)
        return d.status;
    at = content;
    for (size_t i = 0; i < d.region_count && residual != content; i++) {
        const region *r = &d.regions[i];
        if (r->gap)
            memcpy(at, residual, r->gap);
        at += r->gap + r->size;
        residual += r->gap;
    }
    uint32_t crc = crc_of(0, h.body, h.body_size);
    return crc_of(crc, content, size) == h.checksum ? ECZ_OK : ECZ_DAMAGED;
}

/* The dictionary and the weights, those as two's complement. */
static const uint8_t prior[DICTIONARY_SIZE + 6 * STRUCTURE_INPUTS * CLASSES] = {
    28, 0, 0, 0, 84, 70, 76, 51, 20, 0, 32, 0, 28, 0, 24, 0, 20, 0, 16, 0, 12, 0, 0, 0, 8, 0, 4, 0,
    20, 0, 0, 0, 28, 0, 0, 0, 148, 0, 0, 0, 236, 0, 0, 0, 204, 151, 1, 0, 220, 151, 1, 0, 228, 155,
    1, 0, 3, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 0, 0, 10, 0, 16, 0, 12, 0, 8, 0, 4, 0, 10, 0, 0, 0,
    12, 0, 0, 0, 28, 0, 0, 0, 60, 0, 0, 0, 15, 0, 0, 0, 115, 101, 114, 118, 105, 110, 103, 95, 100,
    101, 102, 97, 117, 108, 116, 0, 1, 0, 0, 0, 4, 0, 0, 0, 148, 255, 255, 255, 6, 0, 0, 0, 4, 0, 0,
    0, 8, 0, 0, 0, 111, 117, 116, 112, 117, 116, 95, 48, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 242,
    116, 254, 255, 4, 0, 0, 0, 11, 0, 0, 0, 105, 110, 112, 117, 116, 95, 108, 97, 121, 101, 114, 0,
    2, 0, 0, 0, 52, 0, 0, 0, 4, 0, 0, 0, 220, 255, 255, 255, 9, 0, 0, 0, 4, 0, 0, 0, 19, 0, 0, 0,
    67, 79, 78, 86, 69, 82, 83, 73, 79, 78, 95, 77, 69, 84, 65, 68, 65, 84, 65, 0, 8, 0, 12, 0, 8,
    0, 4, 0, 8, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 19, 0, 0, 0, 109, 105, 110, 95, 114, 117, 110, 116,
    105, 109, 101, 95, 118, 101, 114, 115, 105, 111, 110, 0, 10, 0, 0, 0, 220, 150, 1, 0, 212, 150,
    1, 0, 148, 138, 1, 0, 252, 25, 1, 0, 172, 0, 0, 0, 164, 0, 0, 0, 156, 0, 0, 0, 148, 0, 0, 0,
    116, 0, 0, 0, 4, 0, 0, 0, 146, 117, 254, 255, 4, 0, 0, 0, 96, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0,
    8, 0, 14, 0, 8, 0, 4, 0, 8, 0, 0, 0, 16, 0, 0, 0, 36, 0, 0, 0, 0, 0, 6, 0, 8, 0, 4, 0, 6, 0, 0,
    0, 4, 0, 0, 0, 0, 0, 0, 0, 12, 0, 24, 0, 20, 0, 16, 0, 12, 0, 4, 0, 12, 0, 0, 0, 129, 67, 140,
    229, 165, 19, 153, 71, 2, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 50, 46, 49, 55, 46, 49,
    0, 0, 254, 117, 254, 255, 4, 0, 0, 0, 16, 0, 0, 0, 49, 46, 53, 46, 48, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 232, 101, 254, 255, 236, 101, 254, 255, 240, 101, 254, 255, 38, 118, 254, 255, 4, 0, 0,
    0, 114, 143, 255, 255, 4, 0, 0, 0, 0, 0, 6, 0, 8, 0, 4, 0, 6, 0, 0, 0, 4, 0, 0, 0, 16, 252, 255,
    255, 20, 252, 255, 255, 15, 0, 0, 0, 77, 76, 73, 82, 32, 67, 111, 110, 118, 101, 114, 116, 101,
    100, 46, 0, 1, 0, 0, 0, 20, 0, 0, 0, 0, 0, 14, 0, 24, 0, 20, 0, 16, 0, 12, 0, 8, 0, 4, 0, 14, 0,
    0, 0, 20, 0, 0, 0, 28, 0, 0, 0, 232, 0, 0, 0, 236, 0, 0, 0, 240, 0, 0, 0, 4, 0, 0, 0, 109, 97,
    105, 110, 0, 0, 0, 0, 3, 0, 0, 0, 144, 0, 0, 0, 72, 0, 0, 0, 4, 0, 0, 0, 206, 255, 255, 255, 16,
    0, 0, 0, 0, 0, 0, 8, 12, 0, 0, 0, 16, 0, 0, 0, 140, 252, 255, 255, 1, 0, 0, 0, 6, 0, 0, 0, 3, 0,
    0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 14, 0, 20, 0, 0, 0, 16, 0, 12, 0, 11, 0,
    4, 0, 14, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 8, 16, 0, 0, 0, 20, 0, 0, 0, 186, 255, 255, 255, 0, 0,
    0, 1, 1, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 0, 0, 14,
    0, 22, 0, 0, 0, 16, 0, 12, 0, 11, 0, 4, 0, 14, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 8, 24, 0, 0, 0,
    28, 0, 0, 0, 0, 0, 6, 0, 8, 0, 7, 0, 6, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0,
    0, 0, 0, 0, 3, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7,
    0, 0, 0, 140, 2, 0, 0, 52, 2, 0, 0, 220, 1, 0, 0, 144, 1, 0, 0, 252, 0, 0, 0, 96, 0, 0, 0, 4, 0,
    0, 0, 166, 253, 255, 255, 0, 0, 0, 1, 20, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0, 7, 0, 0, 0, 52, 0,
    0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 13, 0, 0, 0, 144, 253, 255, 255, 27, 0, 0, 0, 83, 116, 97,
    116, 101, 102, 117, 108, 80, 97, 114, 116, 105, 116, 105, 111, 110, 101, 100, 67, 97, 108, 108,
    95, 49, 58, 48, 0, 2, 0, 0, 0, 1, 0, 0, 0, 13, 0, 0, 0, 254, 253, 255, 255, 0, 0, 0, 1, 20, 0,
    0, 0, 28, 0, 0, 0, 28, 0, 0, 0, 6, 0, 0, 0, 116, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 60, 0,
    0, 0, 232, 253, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 150, 254, 255, 255, 0, 0, 0, 1,
    20, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0, 5, 0, 0, 0, 108, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255,
    120, 0, 0, 0, 128, 254, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 120, 0, 0, 0, 122, 255, 255, 255, 0, 0, 0, 1, 16, 0, 0, 0, 16,
    0, 0, 0, 4, 0, 0, 0, 40, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 120, 0, 0, 0, 150, 0, 0, 0, 194,
    255, 255, 255, 0, 0, 0, 1, 16, 0, 0, 0, 16, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 72, 255, 255, 255,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 60, 0, 0, 0, 120, 0, 0,
    0, 0, 0, 22, 0, 24, 0, 20, 0, 0, 0, 16, 0, 12, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 0, 22, 0, 0, 0, 0,
    0, 0, 1, 16, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 156, 255, 255, 255, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 13, 0, 0, 0, 60, 0, 0, 0, 0, 0, 22, 0,
    28, 0, 24, 0, 0, 0, 20, 0, 16, 0, 12, 0, 0, 0, 0, 0, 8, 0, 7, 0, 22, 0, 0, 0, 0, 0, 0, 1, 20, 0,
    0, 0, 32, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 150, 0,
    0, 0, 4, 0, 4, 0, 4, 0, 0, 0, 29, 0, 0, 0, 115, 101, 114, 118, 105, 110, 103, 95, 100, 101, 102,
    97, 117, 108, 116, 95, 105, 110, 112, 117, 116, 95, 108, 97, 121, 101, 114, 58, 48, 0, 0, 0, 2,
    0, 0, 0, 1, 0, 0, 0, 150, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 12, 0, 12, 0, 11, 0, 0, 0, 0, 0, 4,
    0, 12, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 9, 28, 0, 0, 0, 84, 70, 76, 51, 20, 0, 32, 0, 28, 0, 24, 0,
    20, 0, 16, 0, 12, 0, 0, 0, 8, 0, 4, 0, 20, 0, 0, 0, 28, 0, 0, 0, 140, 0, 0, 0, 228, 0, 0, 0,
    100, 87, 1, 0, 116, 87, 1, 0, 128, 96, 1, 0, 3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 206, 167, 254,
    255, 12, 0, 0, 0, 28, 0, 0, 0, 60, 0, 0, 0, 15, 0, 0, 0, 115, 101, 114, 118, 105, 110, 103, 95,
    100, 101, 102, 97, 117, 108, 116, 0, 1, 0, 0, 0, 4, 0, 0, 0, 144, 255, 255, 255, 14, 0, 0, 0, 4,
    0, 0, 0, 8, 0, 0, 0, 111, 117, 116, 112, 117, 116, 95, 48, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0,
    118, 169, 254, 255, 4, 0, 0, 0, 13, 0, 0, 0, 105, 110, 112, 117, 116, 95, 108, 97, 121, 101,
    114, 95, 49, 0, 0, 0, 2, 0, 0, 0, 52, 0, 0, 0, 4, 0, 0, 0, 220, 255, 255, 255, 17, 0, 0, 0, 4,
    0, 0, 0, 19, 0, 0, 0, 67, 79, 78, 86, 69, 82, 83, 73, 79, 78, 95, 77, 69, 84, 65, 68, 65, 84,
    65, 0, 8, 0, 12, 0, 8, 0, 4, 0, 8, 0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0, 19, 0, 0, 0, 109, 105, 110,
    95, 114, 117, 110, 116, 105, 109, 101, 95, 118, 101, 114, 115, 105, 111, 110, 0, 18, 0, 0, 0,
    124, 86, 1, 0, 116, 86, 1, 0, 12, 86, 1, 0, 164, 42, 1, 0, 180, 25, 1, 0, 52, 3, 0, 0, 28, 3, 0,
    0, 20, 1, 0, 0, 204, 0, 0, 0, 196, 0, 0, 0, 188, 0, 0, 0, 180, 0, 0, 0, 172, 0, 0, 0, 164, 0, 0,
    0, 156, 0, 0, 0, 148, 0, 0, 0, 116, 0, 0, 0, 4, 0, 0, 0, 58, 170, 254, 255, 4, 0, 0, 0, 96, 0,
    0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 8, 0, 14, 0, 8, 0, 4, 0, 8, 0, 0, 0, 16, 0, 0, 0, 36, 0, 0, 0, 0,
    0, 6, 0, 8, 0, 4, 0, 6, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 12, 0, 24, 0, 20, 0, 16, 0, 12, 0, 4,
    0, 12, 0, 0, 0, 129, 51, 95, 162, 22, 129, 6, 98, 2, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0,
    0, 50, 46, 49, 55, 46, 49, 0, 0, 166, 170, 254, 255, 4, 0, 0, 0, 16, 0, 0, 0, 49, 46, 53, 46,
    48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 108, 161, 254, 255, 112, 161, 254, 255, 116, 161, 254, 255,
    120, 161, 254, 255, 124, 161, 254, 255, 128, 161, 254, 255, 132, 161, 254, 255, 222, 170, 254,
    255, 4, 0, 0, 0, 34, 171, 254, 255, 4, 0, 0, 0, 38, 173, 254, 255, 4, 0, 0, 0, 58, 173, 254,
    255, 4, 0, 0, 0, 182, 195, 255, 255, 4, 0, 0, 0, 162, 212, 255, 255, 4, 0, 0, 0, 0, 0, 6, 0, 8,
    0, 4, 0, 6, 0, 0, 0, 4, 0, 0, 0, 20, 247, 255, 255, 24, 247, 255, 255, 15, 0, 0, 0, 77, 76, 73,
    82, 32, 67, 111, 110, 118, 101, 114, 116, 101, 100, 46, 0, 1, 0, 0, 0, 20, 0, 0, 0, 0, 0, 14, 0,
    24, 0, 20, 0, 16, 0, 12, 0, 8, 0, 4, 0, 14, 0, 0, 0, 20, 0, 0, 0, 28, 0, 0, 0, 40, 2, 0, 0, 44,
    2, 0, 0, 48, 2, 0, 0, 4, 0, 0, 0, 109, 97, 105, 110, 0, 0, 0, 0, 7, 0, 0, 0, 192, 1, 0, 0, 92,
    1, 0, 0, 8, 1, 0, 0, 196, 0, 0, 0, 140, 0, 0, 0, 60, 0, 0, 0, 4, 0, 0, 0, 90, 255, 255, 255, 20,
    0, 0, 0, 0, 0, 0, 8, 16, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 164, 247, 255, 255, 1, 0, 0, 0, 14,
    0, 0, 0, 3, 0, 0, 0, 13, 0, 0, 0, 3, 0, 0, 0, 255, 255, 255, 255, 254, 254, 255, 255, 28, 0, 0,
    0, 0, 0, 0, 8, 28, 0, 0, 0, 32, 0, 0, 0, 3, 0, 0, 0, 0, 0, 6, 0, 8, 0, 7, 0, 6, 0, 0, 0, 0, 0,
    0, 1, 1, 0, 0, 0, 13, 0, 0, 0, 3, 0, 0, 0, 12, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255, 0, 0,
    10, 0, 16, 0, 12, 0, 8, 0, 4, 0, 10, 0, 0, 0, 12, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0,
    12, 0, 0, 0, 2, 0, 0, 0, 11, 0, 0, 0, 5, 0, 0, 0, 0, 0, 14, 0, 24, 0, 20, 0, 16, 0, 12, 0, 11,
    0, 4, 0, 14, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 5, 36, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 110, 255,
    255, 255, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 11, 0, 0, 0,
    1, 0, 0, 0, 10, 0, 0, 0, 94, 255, 255, 255, 16, 0, 0, 0, 0, 0, 0, 1, 28, 0, 0, 0, 32, 0, 0, 0,
    80, 255, 255, 255, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 10, 0, 0, 0, 3,
    0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 14, 0, 26, 0, 20, 0, 16, 0, 12, 0, 11, 0, 4,
    0, 14, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 5, 52, 0, 0, 0, 56, 0, 0, 0, 1, 0, 0, 0, 0, 0, 14, 0, 24,
    0, 23, 0, 16, 0, 12, 0, 8, 0, 4, 0, 14, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0,
    0, 0, 0, 1, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 14, 0, 20, 0, 0, 0, 16, 0, 12,
    0, 11, 0, 4, 0, 14, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 1, 40, 0, 0, 0, 44, 0, 0, 0, 12, 0, 20, 0,
    19, 0, 12, 0, 8, 0, 7, 0, 12, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0,
    0, 8, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0,
    0, 0, 0, 0, 0, 15, 0, 0, 0, 64, 6, 0, 0, 236, 5, 0, 0, 140, 5, 0, 0, 76, 5, 0, 0, 12, 5, 0, 0,
    204, 4, 0, 0, 88, 4, 0, 0, 200, 3, 0, 0, 20, 3, 0, 0, 152, 2, 0, 0, 224, 1, 0, 0, 100, 1, 0, 0,
    0, 1, 0, 0, 96, 0, 0, 0, 4, 0, 0, 0, 18, 250, 255, 255, 0, 0, 0, 1, 20, 0, 0, 0, 28, 0, 0, 0,
    28, 0, 0, 0, 15, 0, 0, 0, 52, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 12, 0, 0, 0, 244, 249,
    255, 255, 27, 0, 0, 0, 83, 116, 97, 116, 101, 102, 117, 108, 80, 97, 114, 116, 105, 116, 105,
    111, 110, 101, 100, 67, 97, 108, 108, 95, 49, 58, 48, 0, 2, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0,
    106, 250, 255, 255, 0, 0, 0, 1, 20, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0, 14, 0, 0, 0, 120, 0, 0,
    0, 2, 0, 0, 0, 255, 255, 255, 255, 90, 0, 0, 0, 76, 250, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0,
    0, 0, 90, 0, 0, 0, 6, 251, 255, 255, 0, 0, 0, 1, 20, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0, 13, 0,
    0, 0, 60, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 198, 0, 0, 0, 232, 250, 255, 255, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 198, 0, 0, 0, 102, 251, 255, 255, 0, 0, 0, 1, 20, 0, 0, 0,
    36, 0, 0, 0, 36, 0, 0, 0, 12, 0, 0, 0, 76, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255, 3, 0, 0, 0,
    3, 0, 0, 0, 22, 0, 0, 0, 80, 251, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4,
    0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 22, 0, 0, 0, 222, 251, 255, 255, 0, 0, 0, 1, 20, 0,
    0, 0, 36, 0, 0, 0, 36, 0, 0, 0, 11, 0, 0, 0, 136, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255, 7, 0,
    0, 0, 7, 0, 0, 0, 22, 0, 0, 0, 200, 251, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0,
    0, 1, 0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 22, 0, 0, 0, 146, 252, 255, 255, 0, 0, 0, 1, 20, 0, 0, 0,
    36, 0, 0, 0, 36, 0, 0, 0, 10, 0, 0, 0, 76, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255, 9, 0, 0, 0,
    9, 0, 0, 0, 14, 0, 0, 0, 124, 252, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4,
    0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 14, 0, 0, 0, 10, 253, 255, 255, 0, 0, 0, 1, 20, 0,
    0, 0, 36, 0, 0, 0, 36, 0, 0, 0, 9, 0, 0, 0, 132, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255, 18, 0,
    0, 0, 18, 0, 0, 0, 14, 0, 0, 0, 244, 252, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0,
    0, 18, 0, 0, 0, 18, 0, 0, 0, 14, 0, 0, 0, 10, 254, 255, 255, 0, 0, 0, 1, 16, 0, 0, 0, 16, 0, 0,
    0, 8, 0, 0, 0, 112, 0, 0, 0, 140, 253, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 14, 0, 0, 0,
    150, 254, 255, 255, 0, 0, 0, 1, 16, 0, 0, 0, 16, 0, 0, 0, 7, 0, 0, 0, 48, 0, 0, 0, 24, 254, 255,
    255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 14, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0,
    22, 0, 28, 0, 24, 0, 23, 0, 16, 0, 12, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 0, 22, 0, 0, 0, 0, 0, 0, 1,
    20, 0, 0, 0, 20, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 2, 28, 0, 0, 0, 140, 254, 255, 255, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 66, 255, 255, 255, 0, 0,
    0, 1, 16, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0, 28, 0, 0, 0, 196, 254, 255, 255, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 90, 0, 0, 0, 198, 0, 0, 0, 126, 255, 255,
    255, 0, 0, 0, 1, 16, 0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0, 28, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 12, 0, 0, 0, 90, 0, 0, 0, 186,
    255, 255, 255, 0, 0, 0, 1, 16, 0, 0, 0, 16, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 60, 255, 255, 255,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 22, 0, 0, 0, 3, 0, 0, 0,
    3, 0, 0, 0, 14, 0, 0, 0, 0, 0, 22, 0, 24, 0, 20, 0, 0, 0, 16, 0, 12, 0, 8, 0, 0, 0, 0, 0, 0, 0,
    7, 0, 22, 0, 0, 0, 0, 0, 0, 1, 16, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 152, 255, 255,
    255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 22, 0, 0, 0, 0, 0,
    22, 0, 28, 0, 24, 0, 0, 0, 20, 0, 16, 0, 12, 0, 0, 0, 0, 0, 8, 0, 7, 0, 22, 0, 0, 0, 0, 0, 0, 1,
    20, 0, 0, 0, 40, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 68, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255,
    20, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0, 31, 0, 0, 0, 115, 101, 114, 118,
    105, 110, 103, 95, 100, 101, 102, 97, 117, 108, 116, 95, 105, 110, 112, 117, 116, 95, 108, 97,
    121, 101, 114, 95, 49, 58, 48, 0, 4, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0,
    4, 0, 0, 0, 64, 0, 0, 0, 36, 0, 0, 0, 20, 0, 0, 0, 4, 0, 0, 0, 220, 255, 255, 255, 9, 0, 0, 0,
    0, 0, 0, 9, 232, 255, 255, 255, 22, 0, 0, 0, 0, 0, 0, 22, 244, 255, 255, 255, 17, 0, 0, 0, 0, 0,
    0, 17, 12, 0, 12, 0, 11, 0, 0, 0, 0, 0, 4, 0, 12, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 3, 28, 0, 0, 0,
    84, 70, 76, 51, 20, 0, 32, 0, 28, 0, 24, 0, 20, 0, 16, 0, 12, 0, 0, 0, 8, 0, 4, 0, 20, 0, 0, 0,
    28, 0, 0, 0, 152, 0, 0, 0, 240, 0, 0, 0, 208, 145, 0, 0, 224, 145, 0, 0, 152, 158, 0, 0, 3, 0,
    0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 0, 0, 10, 0, 16, 0, 12, 0, 8, 0, 4, 0, 10, 0, 0, 0, 12, 0, 0, 0,
    28, 0, 0, 0, 60, 0, 0, 0, 15, 0, 0, 0, 115, 101, 114, 118, 105, 110, 103, 95, 100, 101, 102, 97,
    117, 108, 116, 0, 1, 0, 0, 0, 4, 0, 0, 0, 144, 255, 255, 255, 20, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0,
    0, 111, 117, 116, 112, 117, 116, 95, 48, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 254, 166, 255, 255,
    4, 0, 0, 0, 15, 0, 0, 0, 107, 101, 114, 97, 115, 95, 116, 101, 110, 115, 111, 114, 95, 51, 50,
    0, 2, 0, 0, 0, 52, 0, 0, 0, 4, 0, 0, 0, 220, 255, 255, 255, 23, 0, 0, 0, 4, 0, 0, 0, 19, 0, 0,
    0, 67, 79, 78, 86, 69, 82, 83, 73, 79, 78, 95, 77, 69, 84, 65, 68, 65, 84, 65, 0, 8, 0, 12, 0,
    8, 0, 4, 0, 8, 0, 0, 0, 22, 0, 0, 0, 4, 0, 0, 0, 19, 0, 0, 0, 109, 105, 110, 95, 114, 117, 110,
    116, 105, 109, 101, 95, 118, 101, 114, 115, 105, 111, 110, 0, 24, 0, 0, 0, 220, 144, 0, 0, 212,
    144, 0, 0, 132, 88, 0, 0, 172, 54, 0, 0, 220, 50, 0, 0, 124, 50, 0, 0, 44, 30, 0, 0, 220, 9, 0,
    0, 92, 6, 0, 0, 68, 6, 0, 0, 4, 6, 0, 0, 228, 0, 0, 0, 220, 0, 0, 0, 212, 0, 0, 0, 204, 0, 0, 0,
    196, 0, 0, 0, 188, 0, 0, 0, 180, 0, 0, 0, 172, 0, 0, 0, 164, 0, 0, 0, 156, 0, 0, 0, 148, 0, 0,
    0, 116, 0, 0, 0, 4, 0, 0, 0, 218, 167, 255, 255, 4, 0, 0, 0, 96, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0,
    0, 8, 0, 14, 0, 8, 0, 4, 0, 8, 0, 0, 0, 16, 0, 0, 0, 36, 0, 0, 0, 0, 0, 6, 0, 8, 0, 4, 0, 6, 0,
    0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 12, 0, 24, 0, 20, 0, 16, 0, 12, 0, 4, 0, 12, 0, 0, 0, 129, 139,
    201, 236, 121, 0, 2, 57, 2, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 50, 46, 49, 55, 46, 49,
    0, 0, 70, 168, 255, 255, 4, 0, 0, 0, 16, 0, 0, 0, 49, 46, 54, 46, 48, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 12, 99, 255, 255, 16, 99, 255, 255, 20, 99, 255, 255, 24, 99, 255, 255, 28, 99, 255, 255,
    32, 99, 255, 255, 36, 99, 255, 255, 40, 99, 255, 255, 44, 99, 255, 255, 48, 99, 255, 255, 138,
    168, 255, 255, 4, 0, 0, 0, 166, 173, 255, 255, 4, 0, 0, 0, 226, 173, 255, 255, 4, 0, 0, 0, 246,
    173, 255, 255, 4, 0, 0, 0, 114, 177, 255, 255, 4, 0, 0, 0, 190, 197, 255, 255, 4, 0, 0, 0, 10,
    218, 255, 255, 4, 0, 0, 0, 102, 218, 255, 255, 4, 0, 0, 0, 50, 222, 255, 255, 4, 0, 0, 0, 0, 0,
    6, 0, 8, 0, 4, 0, 6, 0, 0, 0, 4, 0, 0, 0, 252, 242, 255, 255, 0, 243, 255, 255, 15, 0, 0, 0, 77,
    76, 73, 82, 32, 67, 111, 110, 118, 101, 114, 116, 101, 100, 46, 0, 1, 0, 0, 0, 20, 0, 0, 0, 0,
    0, 14, 0, 24, 0, 20, 0, 16, 0, 12, 0, 8, 0, 4, 0, 14, 0, 0, 0, 20, 0, 0, 0, 28, 0, 0, 0, 204, 2,
    0, 0, 208, 2, 0, 0, 212, 2, 0, 0, 4, 0, 0, 0, 109, 97, 105, 110, 0, 0, 0, 0, 10, 0, 0, 0, 104,
    2, 0, 0, 24, 2, 0, 0, 208, 1, 0, 0, 128, 1, 0, 0, 52, 1, 0, 0, 244, 0, 0, 0, 184, 0, 0, 0, 128,
    0, 0, 0, 60, 0, 0, 0, 4, 0, 0, 0, 154, 255, 255, 255, 20, 0, 0, 0, 0, 0, 0, 8, 16, 0, 0, 0, 20,
    0, 0, 0, 3, 0, 0, 0, 152, 243, 255, 255, 1, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 19, 0, 0, 0, 7, 0,
    0, 0, 255, 255, 255, 255, 206, 255, 255, 255, 20, 0, 0, 0, 0, 0, 0, 27, 16, 0, 0, 0, 20, 0, 0,
    0, 2, 0, 0, 0, 204, 243, 255, 255, 1, 0, 0, 0, 19, 0, 0, 0, 2, 0, 0, 0, 18, 0, 0, 0, 8, 0, 0, 0,
    0, 0, 14, 0, 24, 0, 20, 0, 16, 0, 12, 0, 11, 0, 4, 0, 14, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 11, 20,
    0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 14, 255, 255, 255, 0, 0, 0, 1, 1, 0, 0, 0, 18, 0, 0, 0, 2, 0,
    0, 0, 17, 0, 0, 0, 15, 0, 0, 0, 118, 254, 255, 255, 16, 0, 0, 0, 0, 0, 0, 1, 20, 0, 0, 0, 24, 0,
    0, 0, 246, 254, 255, 255, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 17, 0, 0, 0, 3, 0, 0, 0, 16, 0, 0,
    0, 1, 0, 0, 0, 4, 0, 0, 0, 174, 254, 255, 255, 16, 0, 0, 0, 0, 0, 0, 1, 24, 0, 0, 0, 28, 0, 0,
    0, 160, 254, 255, 255, 0, 0, 0, 1, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 3, 0, 0, 0,
    14, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 234, 254, 255, 255, 16, 0, 0, 0, 0, 0, 0, 1, 20, 0, 0, 0,
    24, 0, 0, 0, 106, 255, 255, 255, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 15, 0, 0, 0, 3, 0, 0, 0,
    14, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 14, 0, 26, 0, 20, 0, 16, 0, 12, 0, 11, 0, 4, 0, 14,
    0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 11, 28, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 0, 0, 6, 0, 8, 0, 7, 0,
    6, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 14, 0, 0, 0, 2, 0, 0, 0, 13, 0, 0, 0, 11, 0, 0, 0, 0, 0, 14,
    0, 22, 0, 0, 0, 16, 0, 12, 0, 11, 0, 4, 0, 14, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 1, 32, 0, 0, 0,
    36, 0, 0, 0, 0, 0, 10, 0, 12, 0, 0, 0, 8, 0, 4, 0, 10, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0,
    0, 13, 0, 0, 0, 3, 0, 0, 0, 12, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 194, 255, 255, 255, 16, 0, 0,
    0, 0, 0, 0, 1, 24, 0, 0, 0, 28, 0, 0, 0, 180, 255, 255, 255, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0,
    1, 0, 0, 0, 12, 0, 0, 0, 3, 0, 0, 0, 11, 0, 0, 0, 6, 0, 0, 0, 9, 0, 0, 0, 0, 0, 14, 0, 20, 0, 0,
    0, 16, 0, 12, 0, 11, 0, 4, 0, 14, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 1, 36, 0, 0, 0, 40, 0, 0, 0,
    12, 0, 16, 0, 0, 0, 12, 0, 8, 0, 7, 0, 12, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0,
    0, 11, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 1, 0,
    0, 0, 0, 0, 0, 0, 21, 0, 0, 0, 72, 9, 0, 0, 232, 8, 0, 0, 136, 8, 0, 0, 64, 8, 0, 0, 4, 8, 0, 0,
    188, 7, 0, 0, 116, 7, 0, 0, 52, 7, 0, 0, 192, 6, 0, 0, 108, 6, 0, 0, 12, 6, 0, 0, 80, 5, 0, 0,
    144, 4, 0, 0, 236, 3, 0, 0, 100, 3, 0, 0, 192, 2, 0, 0, 0, 2, 0, 0, 92, 1, 0, 0, 208, 0, 0, 0,
    96, 0, 0, 0, 4, 0, 0, 0, 34, 247, 255, 255, 0, 0, 0, 1, 20, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0,
    8, 2, 255, 1, 1, 4, 5, 253, 3, 255, 7, 4, 7, 11, 11, 7, 8, 8, 20, 10, 10, 10, 11, 11, 2, 5, 6,
    4, 1, 2, 10, 251, 7, 10, 7, 8, 9, 10, 10, 5, 13, 20, 23, 19, 22, 10, 10, 16, 0, 3, 4, 3, 1, 0,
    10, 5, 3, 3, 2, 1, 3, 4, 10, 3, 11, 13, 24, 11, 10, 11, 10, 5, 10, 10, 25, 10, 8, 22, 10, 10,
    10, 10, 10, 10, 10, 10, 10, 10, 249, 3, 0, 1, 3, 244, 247, 247, 248, 6, 8, 7, 6, 10, 6, 2, 4, 2,
    7, 3, 7, 13, 5, 11, 8, 10, 8, 10, 6, 5, 10, 6, 2, 6, 9, 7, 9, 8, 10, 12, 26, 25, 28, 23, 25, 28,
    10, 17, 251, 251, 254, 251, 250, 1, 10, 249, 1, 3, 5, 5, 4, 5, 10, 252, 12, 10, 20, 8, 7, 1, 10,
    2, 10, 9, 21, 10, 254, 14, 10, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 0,
    10, 10, 10, 10, 10, 10, 10, 9, 10, 10, 10, 10, 10, 10, 10, 9, 10, 10, 10, 10, 10, 10, 10, 254,
    10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 16, 10, 10, 10, 10, 10, 10, 10, 4,
    10, 10, 10, 10, 10, 10, 10, 251, 10, 10, 10, 10, 10, 10, 10, 4, 10, 10, 10, 10, 10, 10, 10, 6,
    10, 10, 10, 10, 10, 10, 10, 10, 254, 255, 0, 250, 253, 255, 255, 249, 7, 5, 4, 4, 8, 9, 11, 13,
    16, 9, 8, 9, 8, 13, 7, 255, 8, 8, 14, 4, 3, 251, 10, 247, 6, 7, 11, 9, 12, 14, 10, 3, 12, 15,
    18, 7, 14, 12, 10, 8, 252, 253, 2, 4, 255, 254, 10, 3, 6, 8, 6, 8, 8, 4, 10, 12, 7, 13, 15, 8,
    11, 9, 10, 7, 10, 13, 7, 10, 17, 12, 10, 9, 10, 10, 10, 10, 10, 10, 10, 10, 253, 2, 0, 254, 248,
    7, 253, 235, 2, 3, 5, 8, 8, 7, 4, 9, 1, 252, 3, 255, 252, 11, 6, 254, 1, 10, 7, 6, 255, 251, 10,
    245, 5, 1, 11, 10, 20, 5, 10, 18, 5, 8, 27, 20, 18, 251, 10, 251, 252, 3, 254, 254, 6, 254, 10,
    254, 0, 2, 3, 255, 7, 1, 10, 11, 7, 17, 11, 10, 14, 7, 10, 11, 2, 10, 10, 244, 10, 10, 10, 10,
    248, 10, 43, 234, 26, 36, 10, 18, 9, 2, 251, 248, 251, 254, 255, 251, 10, 7, 15, 14, 11, 11, 12,
    4, 4, 1, 15, 5, 2, 8, 0, 2, 5, 9, 9, 250, 1, 1, 10, 247, 3, 1, 5, 13, 2, 1, 10, 252, 253, 11,
    15, 1, 7, 2, 10, 247, 6, 6, 5, 3, 10, 2, 10, 0, 1, 6, 6, 8, 6, 8, 10, 9, 7, 0, 8, 4, 5, 8, 10,
    4, 14, 10, 10, 18, 10, 10, 10, 10, 15, 11, 41, 26, 28, 32, 10, 18,
};

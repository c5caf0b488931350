/**
 * @file tppcore.h
 * @brief The engine of tppcore: a compiled rulebook over columns, decided exactly.
 *
 * A program is opened once from a file that `tppcore compile` writes, and is then read only: any
 * number of threads may evaluate it at the same time. Nothing here keeps global state, and the
 * evaluating functions allocate nothing. They use up to 1 MiB of stack.
 *
 * Every function that can fail returns a tpp_status and, where `error` is not NULL, says more
 * there.
 */
#ifndef TPPCORE_H
#define TPPCORE_H

#include <stddef.h>
#include <stdint.h>

/* The version of this header; tpp_version() is that of the library. Before 1.0 a minor version may
 * change the interface, and the name of the shared library then changes with it. */
#define TPP_VERSION_MAJOR 0
#define TPP_VERSION_MINOR 1
#define TPP_VERSION_PATCH 0
#define TPP_VERSION "0.1.0"
#define TPP_VERSION_NUMBER \
    (TPP_VERSION_MAJOR * 10000 + TPP_VERSION_MINOR * 100 + TPP_VERSION_PATCH)

#if defined(__GNUC__)
#define TPP_API __attribute__((visibility("default")))
#else
#define TPP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The Python binding reads its declarations from here on. */
/* [cffi */

/** What went wrong. Values never change their meaning; new ones are added at the end. */
typedef enum {
    TPP_OK = 0,                     /**< nothing */
    TPP_ERROR_ARGUMENT = 1,         /**< an argument is NULL or out of its bounds */
    TPP_ERROR_MEMORY = 2,           /**< no memory to open the program */
    TPP_ERROR_TRUNCATED = 3,        /**< fewer bytes than the header or its counts need */
    TPP_ERROR_MAGIC = 4,            /**< not a program file */
    TPP_ERROR_VERSION = 5,          /**< a program file of another version */
    TPP_ERROR_SIZE = 6,             /**< the size in the header is not the size given */
    TPP_ERROR_CHECKSUM = 7,         /**< the bytes were changed */
    TPP_ERROR_STRUCTURE = 8,        /**< an index, an order or an operation is impossible */
    TPP_ERROR_LIMIT = 9,            /**< larger than this engine takes */
    TPP_ERROR_WIDTH = 10,           /**< exact arithmetic needs more bits than there are */
    TPP_ERROR_KERNEL = 11,          /**< no such kernel, or not on this processor */
    TPP_ERROR_NOT_FINITE = 12,      /**< a number is infinite */
    TPP_ERROR_NEGATIVE = 13,        /**< a number is negative */
    TPP_ERROR_RANGE = 14,           /**< a number is not 0 and outside 1e-15 to 1e24 */
    TPP_ERROR_ZERO = 15,            /**< a number that must be positive is 0 */
    TPP_ERROR_NOT_BOOLEAN = 16,     /**< a boolean is not 0, 1 or 255 (missing) */
    TPP_ERROR_VALUE_AND_RANGE = 17, /**< a row has both a value and a range */
    TPP_ERROR_EMPTY_RANGE = 18,     /**< the low end of a range is above its high end */
    TPP_ERROR_DIGITS = 19,          /**< a number has more digits than a double carries */
    TPP_ERROR_COUNT = 20,           /**< a count is not a whole number from 1 to 2^32 - 1 */
    TPP_ERROR_ITEM = 21,            /**< an item is not in the table of items */
    TPP_ERROR_HOST = 22,            /**< whether a part is a host is not 0 or 1 */
    TPP_ERROR_OFFSETS = 23,         /**< the parts of a system are not among the parts */
    TPP_ERROR_EMPTY_SYSTEM = 24,    /**< a system has no parts */
    TPP_ERROR_FILE = 25,            /**< a file is missing or can't be read */
    TPP_ERROR_CATEGORY = 26,        /**< a category is not the place of one of its words */
    TPP_ERROR_NO_RANGE = 27,        /**< a range of no number, or where a metric is not monotone */
    TPP_STATUS_COUNT = 28           /**< how many there are */
} tpp_status;

/** Which of a quantity's columns an error is about. */
typedef enum { TPP_PART_VALUE = 0, TPP_PART_LOW = 1, TPP_PART_HIGH = 2 } tpp_part;

/** Details of an error; owned by the caller, who need not initialise it. */
typedef struct {
    tpp_status status; /**< the same as the function's result */
    uint64_t row;      /**< for a number: its row in the columns; of a part, in those of parts */
    uint32_t input;    /**< for a number: its input in the program */
    tpp_part part;     /**< for a number: value, low or high */
    double value;      /**< for a number: the number */
} tpp_error;

/** A compiled rulebook. */
typedef struct tpp_program tpp_program;

/**
 * How the numbers of a column lie in memory. A float stands for the shortest decimal that reads
 * back as it, in its own width; everything else for itself. Numbers are 0 or in [1e-15, 1e24];
 * integers and decimals that are not the shortest decimal of any double are refused.
 */
typedef enum {
    TPP_FLOAT64 = 0, /**< double, NaN where missing */
    TPP_FLOAT32 = 1, /**< float, NaN where missing */
    TPP_BOOLEAN = 2, /**< uint8_t: 0, 1, or 255 where missing */
    TPP_INT8 = 3,
    TPP_INT16 = 4,
    TPP_INT32 = 5,
    TPP_INT64 = 6,
    TPP_UINT8 = 7,
    TPP_UINT16 = 8,
    TPP_UINT32 = 9,
    TPP_UINT64 = 10,
    TPP_DECIMAL128 = 11, /**< 16 bytes, little-endian, two's complement: value * 10^-scale */
    TPP_BIT = 12,        /**< an Arrow bitmap of booleans, whose bit `first_bit` is row 0 */
    TPP_KIND_COUNT = 13  /**< how many there are */
} tpp_kind;

/**
 * One quantity over the rows of a table; all pointers are NULL where the table lacks it.
 *
 * A row is known (a value), a range (no value, and an end in `low` or `high`) or missing.
 */
typedef struct {
    const void *values;     /**< of `kind`, aligned to its size (a decimal to 8, bits to 1) */
    const uint8_t *present; /**< an Arrow validity bitmap of `values`, or NULL: none is null */
    const double *low;      /**< low ends, NaN where open (0) */
    const double *high;     /**< high ends, NaN where open (infinity) */
    tpp_kind kind;          /**< of `values` */
    int32_t scale;          /**< of a decimal, 0 to 38 */
    uint32_t first_bit;     /**< where row 0 is in `present`, and of TPP_BIT in `values` */
} tpp_column;

/**
 * Describes a status in a few words of English.
 * @param status any value
 * @return a constant text; "unknown status" for a value that is not a tpp_status
 */
const char *tpp_status_text(tpp_status status);

/** @return the version of the library as text: TPP_VERSION where header and library are a pair. */
const char *tpp_version(void);

/**
 * Opens a compiled program.
 * @param bytes the bytes of the file; they are copied and need no alignment
 * @param size their number
 * @param program the new program, to be closed by tpp_program_close; NULL on refusal
 * @param error details, or NULL
 * @return TPP_OK, or the reason of refusal: TPP_ERROR_ARGUMENT, _MEMORY, _TRUNCATED, _MAGIC,
 *         _VERSION, _SIZE, _CHECKSUM, _STRUCTURE or _LIMIT; TPP_ERROR_KERNEL if the environment
 *         variable TPPCORE_KERNEL names no kernel for this processor. Any bytes are safe to offer.
 */
tpp_status tpp_program_open(const void *bytes, size_t size, tpp_program **program,
                            tpp_error *error);

/**
 * Opens a compiled program from a file.
 * @param path of the file, as fopen takes it
 * @param program as for tpp_program_open
 * @param error details, or NULL
 * @return as tpp_program_open; TPP_ERROR_FILE if there is no such file or it can't be read. A file
 *         above 16 MiB is not read further: TPP_ERROR_LIMIT.
 */
tpp_status tpp_program_open_file(const char *path, tpp_program **program, tpp_error *error);

/**
 * Closes a program; no evaluation may be under way.
 * @param program a program, or NULL
 */
void tpp_program_close(tpp_program *program);

/** @return the number of inputs: the length of `columns` in the evaluating functions. */
uint32_t tpp_program_inputs(const tpp_program *program);

/** @return the number of paragraphs: the length of the two arrays of tpp_evaluate. */
uint32_t tpp_program_paragraphs(const tpp_program *program);

/** @return the number of metrics: the length of the two arrays of tpp_metrics. */
uint32_t tpp_program_metrics(const tpp_program *program);

/** @return the quantity of input `index`, owned by the program; NULL if there is none. */
const char *tpp_program_input_name(const tpp_program *program, uint32_t index);

/** @return the id of paragraph `index`, owned by the program; NULL if there is none. */
const char *tpp_program_paragraph_id(const tpp_program *program, uint32_t index);

/** @return the name of metric `index`, owned by the program; NULL if there is none. */
const char *tpp_program_metric_name(const tpp_program *program, uint32_t index);

/** No index, or no outcome. */
#define TPP_ABSENT 0xFFFFFFFF

/**
 * Whether a program reads an input. Those that its law uses and it was compiled without are listed
 * too, after the others; they are missing in every row, whatever is given for them.
 * @return 1 or 0
 */
int tpp_program_input_given(const tpp_program *program, uint32_t index);

/** @return the index of the given input of a quantity; TPP_ABSENT if there is none. */
uint32_t tpp_program_find_input(const tpp_program *program, const char *quantity);

/** @return the index of the paragraph of an id, such as us-3a090/a.1; TPP_ABSENT if there is none. */
uint32_t tpp_program_find_paragraph(const tpp_program *program, const char *id);

/* What follows is for people. It is in the files that `tppcore compile` writes; a program without
 * it has no facts and no outcomes, and its texts are "". All texts are owned by the program. */

/** What a quantity is; its numbers are doubles in each case. */
typedef enum {
    TPP_QUANTITY_NUMBER = 0,   /**< in the unit of the input */
    TPP_QUANTITY_BOOLEAN = 1,  /**< 0 or 1 */
    TPP_QUANTITY_DATE = 2,     /**< days since 1970-01-01 */
    TPP_QUANTITY_CATEGORY = 3, /**< the place of one of its words, from 0 */
    TPP_QUANTITY_COUNT = 4     /**< how many there are */
} tpp_quantity;

/** @return what input `index` is; TPP_QUANTITY_NUMBER if there is none. */
tpp_quantity tpp_program_input_kind(const tpp_program *program, uint32_t index);

/** @return the unit of input `index`, "" where it has none; NULL if there is no such input. */
const char *tpp_program_input_unit(const tpp_program *program, uint32_t index);

/** @return the number of words of input `index`: 0 unless it is a category. */
uint32_t tpp_program_input_words(const tpp_program *program, uint32_t index);

/** @return word `word` of the category that is input `index`; NULL if there is none. */
const char *tpp_program_input_word(const tpp_program *program, uint32_t index, uint32_t word);

/** @return the citation of paragraph `index`; NULL if there is none. */
const char *tpp_program_paragraph_citation(const tpp_program *program, uint32_t index);

/** @return the outcome of paragraph `index` by its rank, 0 the strongest; TPP_ABSENT if it has none. */
uint32_t tpp_program_paragraph_outcome(const tpp_program *program, uint32_t index);

/** @return the unit of metric `index`; NULL if there is none. */
const char *tpp_program_metric_unit(const tpp_program *program, uint32_t index);

/** @return the number of outcomes. The last one is that of rows in which no other is true. */
uint32_t tpp_program_outcomes(const tpp_program *program);

/** @return the outcome of a rank, 0 the strongest; NULL if there is none. */
const char *tpp_program_outcome(const tpp_program *program, uint32_t rank);

/**
 * The facts of a program say what law it is: "as_of" (a date), "destination" ("" for none),
 * "rulebook" (the hash of its content), "version" (of the tppcore that compiled it), "amended" where
 * thresholds were changed, and "readings.NAME" for each reading.
 * @return their number
 */
uint32_t tpp_program_facts(const tpp_program *program);

/** @return the name of fact `index`; NULL if there is none. */
const char *tpp_program_fact_name(const tpp_program *program, uint32_t index);

/** @return the value of the fact of a name; NULL if there is none. */
const char *tpp_program_fact(const tpp_program *program, const char *name);

/** @return the kernel that evaluates the program: "avx2" or "portable". */
const char *tpp_program_kernel(const tpp_program *program);

/**
 * Forces a kernel, for tests that compare them; no evaluation may be under way. Calls of a few rows
 * use none: they go row by row, whatever is forced.
 * @param program the program
 * @param name "avx2" or "portable"
 * @return TPP_OK, TPP_ERROR_ARGUMENT or TPP_ERROR_KERNEL
 */
tpp_status tpp_program_use_kernel(tpp_program *program, const char *name);

/**
 * Decides every paragraph in rows [row_begin, row_end).
 *
 * Verdicts are Arrow bitmaps (bit i % 64 of word i / 64). A paragraph is decided in a row where
 * its valid bit is set; the value bit is 0 elsewhere, and so is every bit past row_end in the last
 * word written. Words before row_begin / 64 and after the last row are not touched, so calls over
 * disjoint ranges may run at the same time.
 *
 * @param program the program
 * @param columns one column an input, each of at least row_end rows
 * @param row_begin first row, a multiple of 64
 * @param row_end one past the last row; a multiple of 64 unless the table ends there
 * @param value_bits one pointer a paragraph to its bitmap of values, whose bit 0 is row 0
 * @param valid_bits one pointer a paragraph to its bitmap of validity
 * @param error details, or NULL; for a bad number its row, input, part and value: the first by row
 *        and then by input
 * @return TPP_OK, TPP_ERROR_ARGUMENT, TPP_ERROR_WIDTH, or one of the errors of numbers from
 *         TPP_ERROR_NOT_FINITE on, where those of booleans, categories and TPP_ERROR_NO_RANGE come
 *         first. The bitmaps of the range are unspecified after an error.
 */
tpp_status tpp_evaluate(const tpp_program *program, const tpp_column *columns, uint64_t row_begin,
                        uint64_t row_end, uint64_t *const *value_bits, uint64_t *const *valid_bits,
                        tpp_error *error);

/**
 * Decides every paragraph on one row of doubles, without columns.
 *
 * @param program the program
 * @param values one an input, NaN where missing
 * @param low low ends of ranges, one an input, NaN where open (0) or no range; NULL: no ranges
 * @param high high ends, NaN where open (infinity) or no range; NULL: none
 * @param verdicts one a paragraph: 1 true, 0 false, -1 undetermined; unspecified after an error
 * @param error details, or NULL; `row` is 0
 * @return as tpp_evaluate
 */
tpp_status tpp_decide(const tpp_program *program, const double *values, const double *low,
                      const double *high, int8_t *verdicts, tpp_error *error);

/**
 * The highest outcome of a row: the strongest of the paragraphs that are true, and the strongest
 * above it that are undetermined.
 * @param program the program
 * @param verdicts as tpp_decide writes them
 * @return certain * (outcomes + 1) + possible, both ranks; `possible` is the number of outcomes where
 *         no stronger one is open
 */
uint32_t tpp_highest_outcome(const tpp_program *program, const int8_t *verdicts);

/**
 * The same for rows [row_begin, row_end) of bitmaps as tpp_evaluate writes them.
 * @param program the program
 * @param value_bits one pointer a paragraph
 * @param valid_bits the same
 * @param row_begin first row
 * @param row_end one past the last row
 * @param codes an element a row; element 0 is row 0. A program has at most 15 outcomes.
 */
void tpp_highest_outcomes(const tpp_program *program, uint64_t *const *value_bits,
                          uint64_t *const *valid_bits, uint64_t row_begin, uint64_t row_end,
                          uint8_t *codes);

/**
 * Writes an outcome in words, never more certain than the verdicts are.
 * @param program the program
 * @param code as tpp_highest_outcome gives it
 * @param text receives at most `size` bytes with the closing NUL; NULL if `size` is 0
 * @param size its bytes
 * @return the length of the whole text without the NUL, as snprintf
 */
size_t tpp_outcome_text(const tpp_program *program, uint32_t code, char *text, size_t size);

/**
 * Computes the program's metrics in doubles, for people to look at; verdicts don't use them.
 *
 * @param program the program
 * @param columns one column an input, each of at least row_end rows
 * @param row_begin first row
 * @param row_end one past the last row
 * @param low one pointer a metric to its low ends; element 0 is row 0
 * @param high one pointer a metric to its high ends: equal to low where the metric is known,
 *        infinity where it is unbounded; both are NaN where it does not apply
 * @param error details, or NULL
 * @return as tpp_evaluate
 */
tpp_status tpp_metrics(const tpp_program *program, const tpp_column *columns, uint64_t row_begin,
                       uint64_t row_end, double *const *low, double *const *high,
                       tpp_error *error);

/**
 * Finds the shortest decimal that reads back as a double, and of those the closest to it.
 * @param value a finite double, not negative
 * @param mantissa its digits, below 10^17
 * @param exponent value = mantissa * 10^exponent
 * @return TPP_OK or TPP_ERROR_ARGUMENT
 */
tpp_status tpp_shortest_decimal(double value, uint64_t *mantissa, int32_t *exponent);

/**
 * What the items of a table (chips, say) give to one quantity of the systems made of them: the sum
 * of count times value over a system's parts, or the largest value among them. Values are whole
 * multiples of a unit, 10^exponent / divisor, so that sums are exact.
 */
typedef struct {
    const char *name;     /**< of the quantity: an input of the program, or any other */
    const uint64_t *low;  /**< an element an item: the low end of its value, in units */
    const uint64_t *high; /**< the high end, UINT64_MAX where unbounded; NULL: the same as `low` */
    uint64_t divisor;     /**< prime to 10; 1 where values are decimals */
    int32_t exponent;     /**< -38 to 38 */
    uint8_t is_sum;       /**< else the largest */
    uint8_t with_hosts;   /**< whether parts that are hosts count */
} tpp_figure;

/** A boolean input: whether some circuit in a system meets a paragraph. Bitmaps of a bit an item. */
typedef struct {
    const char *name;     /**< of the input of the program, or any other */
    const uint64_t *met;  /**< where it is certain */
    const uint64_t *open; /**< where it is undetermined; NULL: nowhere */
} tpp_leaf;

/** The parts of systems, one after the other: system i has offsets[i] up to offsets[i + 1]. */
typedef struct {
    const void *offsets;   /**< of `kind`; they ascend from 0 or above to `parts` or below */
    tpp_kind kind;         /**< TPP_INT32 or TPP_INT64 */
    uint64_t parts;        /**< elements of the columns below */
    tpp_column items;      /**< places in the table of items, of any integer kind; a null: unknown */
    tpp_column counts;     /**< integers or TPP_FLOAT64; a null (or NaN): unknown, at least 1 */
    tpp_column hosts;      /**< TPP_BOOLEAN, 0 or 1; no values: no part is a host */
} tpp_parts;

/** The items of a table, prepared for adding up. */
typedef struct tpp_items tpp_items;

/**
 * Prepares a table of items for systems made of them; what it is given is copied, but the program.
 * @param program a law on systems, which must outlive the items; NULL: there is none
 * @param figures the quantities that are added up; of at most 20 the program may have an input
 * @param figure_count their number, at most 32
 * @param leaves the verdicts on the items; of at most 64 the program may have an input
 * @param leaf_count their number, at most 256
 * @param item_count the number of items
 * @param items the prepared items, to be closed by tpp_items_close; NULL on refusal
 * @param error details, or NULL
 * @return TPP_OK, TPP_ERROR_ARGUMENT, _MEMORY, _LIMIT or _KERNEL
 */
tpp_status tpp_items_open(const tpp_program *program, const tpp_figure *figures,
                          uint32_t figure_count, const tpp_leaf *leaves, uint32_t leaf_count,
                          uint32_t item_count, tpp_items **items, tpp_error *error);

/**
 * Closes items; no evaluation may be under way.
 * @param items items, or NULL
 */
void tpp_items_close(tpp_items *items);

/** @return the kernel that adds up: "avx2" or "portable". */
const char *tpp_items_kernel(const tpp_items *items);

/**
 * Adds up the parts of systems [begin, end) and decides every leaf and paragraph on them.
 *
 * Sums are exact. A figure that is the shortest decimal of a double is given to the program as that
 * value, every other one as the range between the doubles below and above it; a system in which
 * that leaves a paragraph undetermined is marked as not settled. This function uses up to 1.5 MiB
 * of stack and, like tpp_evaluate, may run over disjoint ranges at the same time.
 *
 * @param items prepared items
 * @param parts the parts of all systems
 * @param facts one column an input of the program, a row a system, or NULL: none. Where a figure has
 *        a fact too, the fact counts in the rows where it is stated.
 * @param begin first system, a multiple of 64
 * @param end one past the last; a multiple of 64 unless the systems end there
 * @param value_bits one pointer a leaf and then one a paragraph to its bitmap of values, as in
 *        tpp_evaluate; NULL where it is not wanted. Itself NULL: no verdicts.
 * @param valid_bits the same of validity
 * @param unsettled a bitmap of the systems that are not settled, or NULL
 * @param low one pointer a figure to its low ends, the doubles nearest to them, of which element 0
 *        is system 0; NULL where it is not wanted. Itself NULL: none.
 * @param high the same of high ends, infinity where unbounded
 * @param error details, or NULL: `row` is that of a part for TPP_ERROR_COUNT, _ITEM and _HOST, else
 *        that of a system. It is the first bad system, and of its parts the first bad one; facts are
 *        looked at after the parts of the 512 systems around them.
 * @return TPP_OK, an error of parts, or as tpp_evaluate. What was asked for is unspecified after an
 *         error.
 */
tpp_status tpp_systems(const tpp_items *items, const tpp_parts *parts, const tpp_column *facts,
                       uint64_t begin, uint64_t end, uint64_t *const *value_bits,
                       uint64_t *const *valid_bits, uint64_t *unsettled, double *const *low,
                       double *const *high, tpp_error *error);

/** The cuts that one point of tpp_add_runs may have. */
#define TPP_MOST_CUTS 128

/**
 * Runs along an axis. A point stands for all places of the axis; its places before the first end
 * have code `codes[point]`, and from `ends[cut * points + point]` on the code is larger by
 * `steps[cut]`, for each cut. Ends come in any order; several may be the same.
 */
typedef struct {
    uint64_t points;        /**< elements of `cells`, `codes` and `weights` */
    const uint64_t *cells;  /**< the cell of each point in the table; NULL: 0 */
    const int64_t *codes;   /**< the code at place 0 */
    const int32_t *ends;    /**< a row a cut: 0 to `places` */
    const int64_t *steps;   /**< an element a cut */
    uint32_t cuts;          /**< at most TPP_MOST_CUTS; 0: `ends` and `steps` may be NULL */
    uint32_t places;        /**< of the axis, at most INT32_MAX */
    const int64_t *prefix;  /**< places + 1: places a to b count prefix[b] - prefix[a] */
    const int64_t *weights; /**< how often each point counts; NULL: once */
} tpp_runs;

/**
 * Adds runs to a table of counts: for each run of places with one code what its places count, times
 * the weight of the point, to counts[cell * table_codes + code].
 *
 * Sums are modulo 2^64: exact where the true count fits, whatever the sums on the way there. Runs
 * that count nothing may have any code. Calls into different tables may run at the same time.
 *
 * @param runs the points
 * @param counts the table, table_cells * table_codes elements; unspecified after an error
 * @param table_cells its rows
 * @param table_codes its columns
 * @param error details, or NULL: `row` is the point
 * @return TPP_OK, TPP_ERROR_LIMIT for more cuts or places than there may be, or TPP_ERROR_ARGUMENT
 *         for a pointer that is NULL, an end after the axis, or a cell or code outside the table
 */
tpp_status tpp_add_runs(const tpp_runs *runs, int64_t *counts, uint64_t table_cells,
                        uint64_t table_codes, tpp_error *error);

/**
 * Finds where along an axis thresholds are crossed.
 * @param values of the places of the axis, in ascending order (else the ends mean nothing)
 * @param places their number, at most INT32_MAX
 * @param thresholds any numbers
 * @param count their number
 * @param is_strict 0: a value reaches its threshold (>=); 1: it passes it (>)
 * @param ends for each threshold the first place whose value does; `places` where none does
 * @param error details, or NULL
 * @return TPP_OK, TPP_ERROR_LIMIT for more places than there may be, or TPP_ERROR_ARGUMENT for a
 *         pointer that is NULL
 */
tpp_status tpp_crossings(const int64_t *values, uint32_t places, const int64_t *thresholds,
                         uint64_t count, int is_strict, int32_t *ends, tpp_error *error);

/** One quantity of the designs of a space, over the axes that it depends on. */
typedef struct {
    tpp_column column; /**< TPP_FLOAT64 or TPP_BOOLEAN without a bitmap, with an element for each place
                            of those axes, the last of them fastest */
    uint64_t axes;     /**< bit a: it depends on axis a */
} tpp_spread;

/**
 * Decides every paragraph on designs [begin, end) of a space: all combinations of places on some
 * axes, numbered with the last axis fastest. No table of them is made: a few thousand designs at a
 * time are written into a cache. This function uses up to 1.5 MiB of stack.
 *
 * @param program the program
 * @param quantities one an input; where all pointers are NULL the designs lack it
 * @param sizes how many places each axis has, at least 1
 * @param axes how many axes there are, at most 64
 * @param begin first design, a multiple of 64
 * @param end one past the last; a multiple of 64 unless the space ends there
 * @param value_bits as in tpp_evaluate, but bit 0 is design `begin`
 * @param valid_bits the same of validity
 * @param error details, or NULL; a row is the number of a design
 * @return as tpp_evaluate; TPP_ERROR_LIMIT for a program of more than 1,024 paragraphs, or of more
 *         inputs than a tile has room for
 */
tpp_status tpp_designs(const tpp_program *program, const tpp_spread *quantities,
                       const uint64_t *sizes, uint32_t axes, uint64_t begin, uint64_t end,
                       uint64_t *const *value_bits, uint64_t *const *valid_bits, tpp_error *error);

/* cffi] */

#ifdef __cplusplus
}
#endif

#endif

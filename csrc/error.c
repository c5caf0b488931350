#include "error.h"

/* Of errors about numbers: what was expected instead. */
static const char *const TEXTS[TPP_STATUS_COUNT] = {
    [TPP_OK] = "no error",
    [TPP_ERROR_ARGUMENT] = "an argument is NULL or out of its bounds",
    [TPP_ERROR_MEMORY] = "no memory to open the program",
    [TPP_ERROR_TRUNCATED] = "the program file is cut short",
    [TPP_ERROR_MAGIC] = "not a program file of tppcore",
    [TPP_ERROR_VERSION] = "a program file of another version of tppcore",
    [TPP_ERROR_SIZE] = "the program file has not the size that it states",
    [TPP_ERROR_CHECKSUM] = "the program file was changed: its checksum does not match",
    [TPP_ERROR_STRUCTURE] = "the program has an impossible index, order or operation",
    [TPP_ERROR_LIMIT] = "the program is larger than this engine takes",
    [TPP_ERROR_WIDTH] = "exact arithmetic needs more than 1,280 bits",
    [TPP_ERROR_KERNEL] = "no such kernel on this processor",
    [TPP_ERROR_NOT_FINITE] = "0 or a number from 1e-15 to 1e+24",
    [TPP_ERROR_NEGATIVE] = "0 or a number from 1e-15 to 1e+24",
    [TPP_ERROR_RANGE] = "0 or a number from 1e-15 to 1e+24",
    [TPP_ERROR_ZERO] = "a number above 0",
    [TPP_ERROR_NOT_BOOLEAN] = "0, 1 or missing",
    [TPP_ERROR_VALUE_AND_RANGE] = "a value or a range, not both",
    [TPP_ERROR_EMPTY_RANGE] = "a range whose low end is not above its high",
    [TPP_ERROR_DIGITS] = "no more digits than a double carries",
    [TPP_ERROR_COUNT] = "a whole number from 1 to 4294967295",
    [TPP_ERROR_ITEM] = "a place in the table of items",
    [TPP_ERROR_HOST] = "0 or 1",
    [TPP_ERROR_OFFSETS] = "offsets that ascend, among the parts",
    [TPP_ERROR_EMPTY_SYSTEM] = "at least one part",
    [TPP_ERROR_FILE] = "the file is missing or can't be read",
    [TPP_ERROR_CATEGORY] = "the place of one of the words of the category, from 0",
    [TPP_ERROR_NO_RANGE] = "a value, not a range",
};

TPP_API const char *tpp_status_text(tpp_status status)
{
    return (unsigned)status < TPP_STATUS_COUNT ? TEXTS[status] : "unknown status";
}

tpp_status tpp_error_set(tpp_error *error, tpp_status status)
{
    return tpp_error_number(error, status, 0, 0, TPP_PART_VALUE, 0.0);
}

tpp_status tpp_error_number(tpp_error *error, tpp_status status, uint64_t row, uint32_t input,
                            tpp_part part, double value)
{
    if (error != NULL) {
        *error = (tpp_error){status, row, input, part, value};
    }
    return status;
}

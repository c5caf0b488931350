/**
 * @file tppcore.hpp
 * @brief tppcore.h for C++17: a program that closes itself, exceptions, columns with lengths.
 *
 * Header-only; link with libtppcore. Everything that is here is safe to use as its C counterpart is:
 * a program may be evaluated by any number of threads at once.
 */
#ifndef TPPCORE_HPP
#define TPPCORE_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tppcore.h"

namespace tppcore {

/** What a function refused; `details` says which number it was, where it was one. */
class error : public std::runtime_error {
public:
    error(const std::string &what, const tpp_error &found)
        : std::runtime_error(what), details(found)
    {
    }

    tpp_error details;
};

/** A verdict on one paragraph. */
enum class verdict : std::int8_t { undetermined = -1, no = 0, yes = 1 };

namespace detail {

template <typename T> constexpr tpp_kind kind_of()
{
    static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "a float or an integer");
    if constexpr (std::is_floating_point_v<T>) {
        return sizeof(T) == 8 ? TPP_FLOAT64 : TPP_FLOAT32;
    } else if constexpr (std::is_same_v<T, bool>) {
        static_assert(sizeof(bool) == 1);
        return TPP_BOOLEAN;
    } else {
        constexpr int place = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
        return static_cast<tpp_kind>((std::is_signed_v<T> ? TPP_INT8 : TPP_UINT8) + place);
    }
}

} // namespace detail

/**
 * Columns of one table, as views: what they look at must outlive them. Containers are whatever has
 * data() and size(): std::vector, std::array, std::span. Quantities that are not set are missing.
 */
class table {
public:
    /** Makes a table of so many rows for a program of so many inputs. */
    table(std::size_t inputs, std::size_t rows) : columns_(inputs), rows_(rows) {}

    /** Sets the values of an input. Throws std::invalid_argument if they are not one a row. */
    template <typename Values> table &set(std::size_t input, const Values &values)
    {
        using T = std::remove_cv_t<std::remove_pointer_t<decltype(values.data())>>;
        check(input, values.size());
        columns_[input].values = values.data();
        columns_[input].kind = detail::kind_of<T>();
        return *this;
    }

    /** Sets an Arrow validity bitmap of the values of an input; row 0 is bit `first_bit`. */
    table &set_present(std::size_t input, const std::uint8_t *bitmap, std::uint32_t first_bit = 0)
    {
        check(input, rows_);
        columns_[input].present = bitmap;
        columns_[input].first_bit = first_bit;
        return *this;
    }

    /** Sets the low ends of the ranges of an input, doubles: NaN where open (0) or no range. */
    template <typename Ends> table &set_low(std::size_t input, const Ends &ends)
    {
        check(input, ends.size());
        columns_[input].low = ends.data();
        return *this;
    }

    /** Sets the high ends: NaN where open (infinity) or no range. */
    template <typename Ends> table &set_high(std::size_t input, const Ends &ends)
    {
        check(input, ends.size());
        columns_[input].high = ends.data();
        return *this;
    }

    std::size_t rows() const { return rows_; }
    const std::vector<tpp_column> &columns() const { return columns_; }

private:
    void check(std::size_t input, std::size_t size) const
    {
        if (input >= columns_.size() || size != rows_) {
            throw std::invalid_argument("tppcore: not a column of this table");
        }
    }

    std::vector<tpp_column> columns_;
    std::size_t rows_;
};

/** The verdicts on a table, a pair of Arrow bitmaps a paragraph. */
class verdicts {
public:
    verdicts(std::size_t paragraphs, std::size_t rows)
        : rows_(rows), words_((rows + 63) / 64), bits_(2 * paragraphs * words_),
          pointers_(2 * paragraphs)
    {
        for (std::size_t i = 0; i < pointers_.size(); i++) {
            pointers_[i] = bits_.data() + i * words_;
        }
    }

    verdicts(const verdicts &) = delete;
    verdicts &operator=(const verdicts &) = delete;
    verdicts(verdicts &&) = default;
    verdicts &operator=(verdicts &&) = default;

    /** The verdict on a paragraph in a row. */
    verdict at(std::size_t paragraph, std::size_t row) const
    {
        return !has(valid()[paragraph], row)    ? verdict::undetermined
               : has(values()[paragraph], row) ? verdict::yes
                                               : verdict::no;
    }

    std::size_t rows() const { return rows_; }
    std::uint64_t *const *values() const { return pointers_.data(); }
    std::uint64_t *const *valid() const { return pointers_.data() + pointers_.size() / 2; }

private:
    static bool has(const std::uint64_t *bits, std::size_t row)
    {
        return (bits[row / 64] >> row % 64 & 1) != 0;
    }

    std::size_t rows_, words_;
    std::vector<std::uint64_t> bits_;
    std::vector<std::uint64_t *> pointers_;
};

/** A compiled rulebook. It can be moved and not copied; one that was moved from holds nothing. */
class program {
public:
    /** Opens a file that `tppcore compile` wrote. Throws error. */
    static program open(const std::string &path)
    {
        tpp_program *opened = nullptr;
        tpp_error details{};
        if (tpp_program_open_file(path.c_str(), &opened, &details) != TPP_OK) {
            throw error(path + ": " + tpp_status_text(details.status), details);
        }
        return program(opened);
    }

    /** Opens the bytes of such a file; they are copied. Throws error. */
    static program open(const void *bytes, std::size_t size)
    {
        tpp_program *opened = nullptr;
        tpp_error details{};
        if (tpp_program_open(bytes, size, &opened, &details) != TPP_OK) {
            throw error(tpp_status_text(details.status), details);
        }
        return program(opened);
    }

    /** For the functions of tppcore.h. */
    const tpp_program *get() const { return opened_.get(); }

    std::uint32_t inputs() const { return tpp_program_inputs(get()); }
    std::uint32_t paragraphs() const { return tpp_program_paragraphs(get()); }
    std::uint32_t metrics() const { return tpp_program_metrics(get()); }
    bool is_given(std::uint32_t i) const { return tpp_program_input_given(get(), i) != 0; }
    std::string_view input(std::uint32_t i) const { return text(tpp_program_input_name(get(), i)); }
    std::string_view paragraph(std::uint32_t i) const
    {
        return text(tpp_program_paragraph_id(get(), i));
    }
    std::string_view citation(std::uint32_t i) const
    {
        return text(tpp_program_paragraph_citation(get(), i));
    }
    std::string_view metric(std::uint32_t i) const
    {
        return text(tpp_program_metric_name(get(), i));
    }

    /** A fact of the law, such as "as_of"; empty if there is none. */
    std::string_view fact(const std::string &name) const
    {
        return text(tpp_program_fact(get(), name.c_str()));
    }

    /** An empty table of so many rows. */
    table make_table(std::size_t rows) const { return table(inputs(), rows); }

    /** Decides every paragraph in every row. Throws error for a number that can't be used. */
    verdicts evaluate(const table &rows) const
    {
        verdicts found(paragraphs(), rows.rows());
        tpp_error details{};
        if (rows.columns().size() != inputs()) {
            throw std::invalid_argument("tppcore: not a table of this program");
        }
        check(tpp_evaluate(get(), rows.columns().data(), 0, rows.rows(), found.values(),
                           found.valid(), &details),
              details);
        return found;
    }

    /**
     * Decides one row of doubles, one an input, NaN where missing. Throws error for a number that
     * can't be used. `low` and `high` are empty or one an input.
     */
    std::vector<verdict> decide(const std::vector<double> &values,
                                const std::vector<double> &low = {},
                                const std::vector<double> &high = {}) const
    {
        for (const auto *each : {&values, &low, &high}) {
            if (each->size() != inputs() && (each == &values || !each->empty())) {
                throw std::invalid_argument("tppcore: not one number an input");
            }
        }
        std::vector<std::int8_t> found(paragraphs());
        tpp_error details{};
        check(tpp_decide(get(), values.data(), low.empty() ? nullptr : low.data(),
                         high.empty() ? nullptr : high.data(), found.data(), &details),
              details);
        std::vector<verdict> row;
        row.reserve(found.size());
        for (const std::int8_t each : found) {
            row.push_back(static_cast<verdict>(each));
        }
        return row;
    }

    /** The highest outcome of one row, in words. */
    std::string outcome(const std::vector<verdict> &row) const
    {
        if (row.size() != paragraphs()) {
            throw std::invalid_argument("tppcore: not one verdict a paragraph");
        }
        std::vector<std::int8_t> found;
        found.reserve(row.size());
        for (const verdict each : row) {
            found.push_back(static_cast<std::int8_t>(each));
        }
        const auto code = tpp_highest_outcome(get(), found.data());
        std::string words(tpp_outcome_text(get(), code, nullptr, 0), '\0');
        tpp_outcome_text(get(), code, words.data(), words.size() + 1);
        return words;
    }

private:
    struct closer {
        void operator()(tpp_program *opened) const { tpp_program_close(opened); }
    };

    explicit program(tpp_program *opened) : opened_(opened) {}

    static std::string_view text(const char *found) { return found != nullptr ? found : ""; }

    void check(tpp_status status, const tpp_error &details) const
    {
        if (status == TPP_OK) {
            return;
        }
        std::string what = tpp_status_text(status);
        if (const char *name = tpp_program_input_name(get(), details.input);
            status >= TPP_ERROR_NOT_FINITE && name != nullptr) {
            what = std::string(name) + ", row " + std::to_string(details.row) + ": expected " + what;
        }
        throw error(what, details);
    }

    std::unique_ptr<tpp_program, closer> opened_;
};

} // namespace tppcore

#endif

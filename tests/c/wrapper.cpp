// tppcore.hpp: wrapper LAW.tpp, with a law of us-3a090 for tops_fp8, die_area_mm2 and datacenter.
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <thread>
#include <type_traits>

#include "check.h"
#include "tppcore.hpp"

using tppcore::program;
using tppcore::verdict;

static_assert(std::is_move_constructible_v<program> && std::is_move_assignable_v<program>);
static_assert(!std::is_copy_constructible_v<program> && !std::is_copy_assignable_v<program>);
static_assert(!std::is_copy_constructible_v<tppcore::verdicts>);

template <typename Exception, typename Call> static bool throws(const Call &call)
{
    try {
        call();
    } catch (const Exception &) {
        return true;
    }
    return false;
}

static void test_opening(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    program law = program::open(bytes.data(), bytes.size());
    program other = std::move(law);
    CHECK(law.get() == nullptr && other.inputs() > 3);
    law = program::open(path);
    CHECK(law.fact("as_of") == "2026-02-01" && law.fact("nothing").empty());
    CHECK(!law.citation(0).empty() && law.citation(999).empty());
    try {
        program::open(bytes.data(), bytes.size() - 1);
        CHECK(false);
    } catch (const tppcore::error &error) {
        CHECK(error.details.status == TPP_ERROR_TRUNCATED);
    }
    CHECK(throws<tppcore::error>([] { program::open("no such file.tpp"); }));
}

static void test_tables(const program &law)
{
    const auto tops = tpp_program_find_input(law.get(), "tops_fp8");
    const auto area = tpp_program_find_input(law.get(), "die_area_mm2");
    const auto centre = tpp_program_find_input(law.get(), "datacenter");
    const auto dense = tpp_program_find_paragraph(law.get(), "us-3a090/a.2");
    const std::vector<double> rate{514.3, 514.2, NAN};
    const std::array<std::int16_t, 3> area_of{695, 695, 695};
    const std::array<bool, 3> centres{true, true, true};
    tppcore::table table = law.make_table(3);
    table.set(tops, rate).set(area, area_of).set(centre, centres);
    const tppcore::verdicts found = law.evaluate(table);
    CHECK(found.at(dense, 0) == verdict::yes && found.at(dense, 1) == verdict::no);
    CHECK(found.at(dense, 2) == verdict::undetermined && found.rows() == 3);

    const std::vector<float> floats{514.3F, 514.2F, 514.3F};
    const std::uint8_t present = 5; // not the second
    const std::vector<double> open{NAN, NAN, NAN}, low{NAN, 600, NAN};
    table.set(tops, floats).set_present(tops, &present).set_low(tops, low).set_high(tops, open);
    CHECK(law.evaluate(table).at(dense, 1) == verdict::yes);

    const std::vector<double> bad{1, -1, 1}, few{1};
    CHECK(throws<std::invalid_argument>([&] { table.set(area, few); }));
    CHECK(throws<std::invalid_argument>([&] { table.set(99, bad); }));
    CHECK(throws<std::invalid_argument>([&] { (void)law.evaluate(tppcore::table(2, 3)); }));
    try {
        (void)law.evaluate(law.make_table(3).set(area, bad));
        CHECK(false);
    } catch (const tppcore::error &error) {
        CHECK(error.details.row == 1 && error.details.input == area && error.details.value == -1);
        CHECK(std::string(error.what()).find("die_area_mm2, row 1: expected") == 0);
    }
    std::thread thread([&] { CHECK(law.evaluate(table).at(dense, 0) == verdict::yes); });
    CHECK(law.evaluate(table).at(dense, 0) == verdict::yes);
    thread.join();
}

static void test_rows(const program &law)
{
    std::vector<double> row(law.inputs(), NAN);
    const auto dense = tpp_program_find_paragraph(law.get(), "us-3a090/a.2");
    row[tpp_program_find_input(law.get(), "tops_fp8")] = 514.3;
    row[tpp_program_find_input(law.get(), "die_area_mm2")] = 695;
    CHECK(law.decide(row)[dense] == verdict::undetermined);
    row[tpp_program_find_input(law.get(), "datacenter")] = 1;
    CHECK(law.decide(row)[dense] == verdict::yes);
    CHECK(!law.outcome(law.decide(row)).empty());
    std::vector<double> low(law.inputs(), NAN);
    CHECK(law.decide(row, low, low)[dense] == verdict::yes);
    CHECK(throws<std::invalid_argument>([&] { law.decide({1.0}); }));
    CHECK(throws<std::invalid_argument>([&] { law.decide(row, {1.0}); }));
    CHECK(throws<std::invalid_argument>([&] { law.outcome({verdict::yes}); }));
    row[0] = -1;
    CHECK(throws<tppcore::error>([&] { law.decide(row); }));
}

int main(int, char **argument)
{
    test_opening(argument[1]);
    const program law = program::open(argument[1]);
    test_tables(law);
    test_rows(law);
    return 0;
}

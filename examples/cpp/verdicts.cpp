// The verdicts on a table: verdicts LAW.tpp TABLE.csv VERDICTS.csv, as ../c/verdicts.c.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <tppcore.hpp>

namespace {

const double missing = std::numeric_limits<double>::quiet_NaN();

using column = std::vector<double>;

// The columns of a file by input; those that it lacks are empty.
struct columns {
    std::size_t rows = 0;
    std::vector<column> values, low, high;
};

std::vector<std::string> split(const std::string &line)
{
    std::vector<std::string> cells(1);
    for (const char c : line) {
        if (c == ',') {
            cells.emplace_back();
        } else if (c != '\r') {
            cells.back() += c;
        }
    }
    return cells;
}

double number(const tppcore::program &law, std::uint32_t input, const std::string &cell)
{
    if (cell.empty()) {
        return missing;
    }
    for (std::uint32_t word = 0; word < tpp_program_input_words(law.get(), input); word++) {
        if (cell == tpp_program_input_word(law.get(), input, word)) {
            return word;
        }
    }
    return std::strtod(cell.c_str(), nullptr);
}

columns read(const tppcore::program &law, const std::string &path)
{
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) {
        throw std::runtime_error(path + ": can't be read");
    }
    columns out;
    out.values.resize(law.inputs());
    out.low.resize(law.inputs());
    out.high.resize(law.inputs());
    std::vector<std::pair<std::uint32_t, column *>> places; // of the cells of a line
    for (const std::string &name : split(line)) {
        places.emplace_back(0, nullptr);
        for (std::uint32_t i = 0; i < law.inputs(); i++) {
            if (!law.is_given(i)) {
                continue;
            }
            const std::string input(law.input(i));
            column *to = name == input            ? &out.values[i]
                         : name == input + "_low"  ? &out.low[i]
                         : name == input + "_high" ? &out.high[i]
                                                   : nullptr;
            if (to != nullptr) {
                places.back() = {i, to};
            }
        }
    }
    for (; std::getline(file, line); out.rows++) {
        const auto cells = split(line);
        for (std::size_t c = 0; c < places.size(); c++) {
            if (auto [input, to] = places[c]; to != nullptr) {
                to->push_back(number(law, input, cells.at(c)));
            }
        }
    }
    return out;
}

tppcore::table table_of(const tppcore::program &law, const columns &from)
{
    tppcore::table table = law.make_table(from.rows);
    for (std::uint32_t i = 0; i < law.inputs(); i++) {
        if (!from.values[i].empty()) {
            table.set(i, from.values[i]);
        }
        if (!from.low[i].empty()) {
            table.set_low(i, from.low[i]);
        }
        if (!from.high[i].empty()) {
            table.set_high(i, from.high[i]);
        }
    }
    return table;
}

// The verdicts on one row, which are those that it has in the table.
std::vector<tppcore::verdict> decide(const tppcore::program &law, const columns &from,
                                     std::size_t row)
{
    std::vector<double> numbers[3];
    const std::vector<column> *parts[3] = {&from.values, &from.low, &from.high};
    for (int part = 0; part < 3; part++) {
        for (const column &each : *parts[part]) {
            numbers[part].push_back(each.empty() ? missing : each[row]);
        }
    }
    return law.decide(numbers[0], numbers[1], numbers[2]);
}

int run(const std::string &law_path, const std::string &table_path, const std::string &out_path)
{
    const auto law = tppcore::program::open(law_path);
    const columns from = read(law, table_path);
    const tppcore::verdicts found = law.evaluate(table_of(law, from));
    std::ofstream out(out_path);
    for (std::uint32_t p = 0; p < law.paragraphs(); p++) {
        out << law.paragraph(p) << ',';
    }
    out << "outcome\n";
    for (std::size_t row = 0; row < from.rows; row++) {
        const auto alone = decide(law, from, row);
        for (std::uint32_t p = 0; p < law.paragraphs(); p++) {
            if (found.at(p, row) != alone[p]) {
                throw std::logic_error("a row alone has another verdict");
            }
            out << static_cast<int>(alone[p]) << ',';
        }
        out << '"' << law.outcome(alone) << "\"\n";
    }
    std::cout << from.rows << " rows under the law of " << law.fact("as_of") << " (rulebook "
              << law.fact("rulebook") << ")\n";
    return out.flush() ? 0 : 2;
}

} // namespace

int main(int count, char **argument)
{
    if (count != 4) {
        std::cerr << "usage: verdicts LAW.tpp TABLE.csv VERDICTS.csv\n";
        return 2;
    }
    try {
        return run(argument[1], argument[2], argument[3]);
    } catch (const std::exception &error) { // tppcore::error among them
        std::cerr << "verdicts: " << error.what() << '\n';
        return 2;
    }
}

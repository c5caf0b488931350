import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The verdicts on a table: Verdicts LAW.tpp TABLE.csv VERDICTS.csv, as ../c/verdicts.c. */
public final class Verdicts implements AutoCloseable {
    private static final Tppcore TPP = Tppcore.LIBRARY;
    private static final String[] ENDINGS = {"", "_low", "_high"};
    private static final int TEXT = 512;

    private final Pointer law;
    private final int inputs;
    private final int paragraphs;

    private Verdicts(String path) throws IOException {
        PointerByReference opened = new PointerByReference();
        int status = TPP.tpp_program_open_file(path, opened, null);
        if (status != 0) {
            throw new IOException(path + ": " + TPP.tpp_status_text(status));
        }
        law = opened.getValue();
        inputs = TPP.tpp_program_inputs(law);
        paragraphs = TPP.tpp_program_paragraphs(law);
    }

    @Override
    public void close() {
        TPP.tpp_program_close(law);
    }

    /** By part (values, low and high ends) and input: a cell a row, null where the file has none. */
    private double[][][] read(Path path) throws IOException {
        List<String> lines = Files.readAllLines(path);
        double[][][] table = new double[ENDINGS.length][inputs][];
        String[] names = lines.get(0).split(",", -1);
        for (int column = 0; column < names.length; column++) {
            for (int part = 0; part < ENDINGS.length; part++) {
                if (!names[column].endsWith(ENDINGS[part])) {
                    continue;
                }
                int end = names[column].length() - ENDINGS[part].length();
                int input = TPP.tpp_program_find_input(law, names[column].substring(0, end));
                if (input != Tppcore.ABSENT) {
                    table[part][input] = column(lines, column, input);
                    break;
                }
            }
        }
        return table;
    }

    private double[] column(List<String> lines, int column, int input) {
        double[] cells = new double[lines.size() - 1];
        for (int row = 0; row < cells.length; row++) {
            cells[row] = number(lines.get(row + 1).split(",", -1)[column], input);
        }
        return cells;
    }

    private double number(String cell, int input) {
        if (cell.isEmpty()) {
            return Double.NaN;
        }
        for (int word = 0; word < TPP.tpp_program_input_words(law, input); word++) {
            if (cell.equals(TPP.tpp_program_input_word(law, input, word))) {
                return word;
            }
        }
        return Double.parseDouble(cell);
    }

    private static Pointer copy(double[] cells) {
        if (cells == null) {
            return null;
        }
        Memory memory = new Memory(Math.max(1, cells.length) * (long) Double.BYTES);
        memory.write(0, cells, 0, cells.length);
        return memory;
    }

    private void check(int status, Tppcore.Details error) throws IOException {
        if (status != 0) {
            throw new IOException(
                    TPP.tpp_program_input_name(law, error.input) + ", row " + error.row + ": "
                            + error.value + "; expected " + TPP.tpp_status_text(status));
        }
    }

    /** Bitmaps of values by paragraph, then those of validity. */
    private long[][] evaluate(double[][][] table, int rows) throws IOException {
        // One array of structures, one after the other in memory.
        Tppcore.Column[] columns =
                (Tppcore.Column[]) new Tppcore.Column().toArray(Math.max(1, inputs));
        for (int input = 0; input < inputs; input++) {
            columns[input].kind = Tppcore.FLOAT64;
            columns[input].values = copy(table[0][input]);
            columns[input].low = copy(table[1][input]);
            columns[input].high = copy(table[2][input]);
        }
        int words = (rows + 63) / 64;
        Pointer[] bits = new Pointer[2 * paragraphs];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = new Memory(Math.max(1, words) * (long) Long.BYTES);
        }
        Tppcore.Details error = new Tppcore.Details();
        check(
                TPP.tpp_evaluate(
                        law,
                        columns,
                        0,
                        rows,
                        Arrays.copyOfRange(bits, 0, paragraphs),
                        Arrays.copyOfRange(bits, paragraphs, 2 * paragraphs),
                        error),
                error);
        long[][] found = new long[bits.length][];
        for (int i = 0; i < bits.length; i++) {
            found[i] = bits[i].getLongArray(0, words);
        }
        return found;
    }

    /** The verdicts on one row, which are those that it has in the table. */
    private byte[] decide(double[][][] table, int row) throws IOException {
        double[][] numbers = new double[ENDINGS.length][inputs];
        for (int part = 0; part < ENDINGS.length; part++) {
            for (int input = 0; input < inputs; input++) {
                double[] cells = table[part][input];
                numbers[part][input] = cells == null ? Double.NaN : cells[row];
            }
        }
        byte[] verdicts = new byte[paragraphs];
        Tppcore.Details error = new Tppcore.Details();
        check(TPP.tpp_decide(law, numbers[0], numbers[1], numbers[2], verdicts, error), error);
        return verdicts;
    }

    private static boolean has(long[] bits, int row) {
        return (bits[row / 64] >> row % 64 & 1) != 0;
    }

    private String outcome(byte[] verdicts) {
        try (Memory text = new Memory(TEXT)) {
            int code = TPP.tpp_highest_outcome(law, verdicts);
            TPP.tpp_outcome_text(law, code, text, TEXT);
            return text.getString(0, "UTF-8");
        }
    }

    private void write(double[][][] table, int rows, PrintWriter out) throws IOException {
        long[][] bits = evaluate(table, rows);
        for (int p = 0; p < paragraphs; p++) {
            out.print(TPP.tpp_program_paragraph_id(law, p) + ",");
        }
        out.print("outcome\n");
        for (int row = 0; row < rows; row++) {
            byte[] alone = decide(table, row);
            for (int p = 0; p < paragraphs; p++) {
                int verdict = !has(bits[paragraphs + p], row) ? -1 : has(bits[p], row) ? 1 : 0;
                if (verdict != alone[p]) {
                    throw new IllegalStateException("a row alone has another verdict");
                }
                out.print(verdict + ",");
            }
            out.print("\"" + outcome(alone) + "\"\n");
        }
    }

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 3) {
            System.err.println("usage: Verdicts LAW.tpp TABLE.csv VERDICTS.csv");
            System.exit(2);
        }
        try (Verdicts verdicts = new Verdicts(arguments[0]);
                PrintWriter out = new PrintWriter(arguments[2], "UTF-8")) {
            Path path = Path.of(arguments[1]);
            double[][][] table = verdicts.read(path);
            int rows = Files.readAllLines(path).size() - 1;
            verdicts.write(table, rows, out);
            System.out.printf(
                    "%d rows under the law of %s (rulebook %s)%n",
                    rows,
                    TPP.tpp_program_fact(verdicts.law, "as_of"),
                    TPP.tpp_program_fact(verdicts.law, "rulebook"));
        } catch (IOException error) {
            System.err.println("Verdicts: " + error.getMessage());
            System.exit(2);
        }
    }
}

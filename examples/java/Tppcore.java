import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.ptr.PointerByReference;
import java.util.Map;

/** What the example calls of tppcore.h. Unsigned numbers come as the signed ones of their size. */
interface Tppcore extends Library {
    Tppcore LIBRARY =
            Native.load("tppcore", Tppcore.class, Map.of(OPTION_STRING_ENCODING, "UTF-8"));

    int FLOAT64 = 0;
    int ABSENT = 0xFFFFFFFF;

    /** tpp_error. */
    @FieldOrder({"status", "row", "input", "part", "value"})
    class Details extends Structure {
        public int status;
        public long row;
        public int input;
        public int part;
        public double value;
    }

    /** tpp_column; the fields of one that is missing are null. */
    @FieldOrder({"values", "present", "low", "high", "kind", "scale", "firstBit"})
    class Column extends Structure {
        public Pointer values;
        public Pointer present;
        public Pointer low;
        public Pointer high;
        public int kind;
        public int scale;
        public int firstBit;
    }

    String tpp_version();

    String tpp_status_text(int status);

    int tpp_program_open_file(String path, PointerByReference program, Details error);

    void tpp_program_close(Pointer program);

    int tpp_program_inputs(Pointer program);

    int tpp_program_paragraphs(Pointer program);

    int tpp_program_find_input(Pointer program, String quantity);

    String tpp_program_input_name(Pointer program, int index);

    int tpp_program_input_words(Pointer program, int index);

    String tpp_program_input_word(Pointer program, int index, int word);

    String tpp_program_paragraph_id(Pointer program, int index);

    String tpp_program_fact(Pointer program, String name);

    int tpp_evaluate(
            Pointer program,
            Column[] columns,
            long rowBegin,
            long rowEnd,
            Pointer[] valueBits,
            Pointer[] validBits,
            Details error);

    int tpp_decide(
            Pointer program, double[] values, double[] low, double[] high, byte[] verdicts, Details error);

    int tpp_highest_outcome(Pointer program, byte[] verdicts);

    long tpp_outcome_text(Pointer program, int code, Memory text, long size);
}

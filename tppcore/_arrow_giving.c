/* Arrow's structs for consumers, for the cffi module alone: what they point to belongs to Python.
 *
 * Python describes a struct by a template, whose memory it keeps by an object, the holder. Every copy
 * that is given away has a reference to the holder, until the consumer calls its release callback:
 * from any thread, and perhaps while an exception is on its way there, which must stay as it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void let_go(void *holder)
{
    if (Py_IsInitialized()) { /* else the process ends, and nothing of Python is left to tell */
        const PyGILState_STATE state = PyGILState_Ensure();
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        Py_DECREF((PyObject *)holder);
        PyErr_Restore(type, value, traceback);
        PyGILState_Release(state);
    }
}

static void *hold(void *holder)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    Py_INCREF((PyObject *)holder);
    PyGILState_Release(state);
    return holder;
}

/* Schemas and arrays alike: children and dictionaries are copied with them, in one allocation, and
 * those that the consumer has not moved elsewhere are released with them. */
#define GIVING(Struct, copy, release_it)                                                           \
    static void release_it(struct Struct *given)                                                   \
    {                                                                                              \
        for (int64_t i = 0; i < given->n_children; i++) {                                          \
            if (given->children[i]->release != NULL) {                                             \
                given->children[i]->release(given->children[i]);                                   \
            }                                                                                      \
        }                                                                                          \
        if (given->dictionary != NULL && given->dictionary->release != NULL) {                     \
            given->dictionary->release(given->dictionary);                                         \
        }                                                                                          \
        free(given->children);                                                                     \
        free(given->dictionary);                                                                   \
        given->release = NULL;                                                                     \
        let_go(given->private_data);                                                               \
    }                                                                                              \
                                                                                                   \
    static int copy(const struct Struct *from, struct Struct *to, void *holder)                    \
    {                                                                                              \
        const size_t n = (size_t)from->n_children;                                                 \
        *to = *from;                                                                               \
        to->children = NULL;                                                                       \
        to->dictionary = NULL;                                                                     \
        to->n_children = 0;                                                                        \
        to->private_data = hold(holder);                                                           \
        to->release = release_it;                                                                  \
        if (n > 0) {                                                                               \
            to->children = malloc(n * (sizeof *to->children + sizeof *to));                        \
        }                                                                                          \
        if (from->dictionary != NULL) {                                                            \
            to->dictionary = calloc(1, sizeof *to);                                                \
        }                                                                                          \
        if ((n > 0 && to->children == NULL) ||                                                     \
            (from->dictionary != NULL &&                                                           \
             (to->dictionary == NULL || copy(from->dictionary, to->dictionary, holder) != 0))) {   \
            release_it(to);                                                                        \
            return ENOMEM;                                                                         \
        }                                                                                          \
        for (size_t i = 0; i < n; i++) {                                                           \
            to->children[i] = (struct Struct *)(void *)(to->children + n) + i;                     \
            if (copy(from->children[i], to->children[i], holder) != 0) {                           \
                release_it(to);                                                                    \
                return ENOMEM;                                                                     \
            }                                                                                      \
            to->n_children++;                                                                      \
        }                                                                                          \
        return 0;                                                                                  \
    }

GIVING(ArrowSchema, copy_schema, release_schema)
GIVING(ArrowArray, copy_array, release_array)

/* ---- a stream of one batch ---- */

typedef struct {
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    void *holder;
    int is_given;
} one_batch;

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    const one_batch *batch = stream->private_data;
    return copy_schema(batch->schema, out, batch->holder);
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    one_batch *batch = stream->private_data;
    if (batch->is_given) {
        memset(out, 0, sizeof *out);
        return 0;
    }
    batch->is_given = 1;
    return copy_array(batch->array, out, batch->holder);
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "no memory";
}

static void release_stream(struct ArrowArrayStream *stream)
{
    one_batch *batch = stream->private_data;
    stream->release = NULL;
    let_go(batch->holder);
    free(batch);
}

static int make_stream(const struct ArrowSchema *schema, const struct ArrowArray *array,
                       struct ArrowArrayStream *out, void *holder)
{
    one_batch *batch = malloc(sizeof *batch);
    if (batch == NULL) {
        return ENOMEM;
    }
    *batch = (one_batch){schema, array, hold(holder), 0};
    *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, batch};
    return 0;
}

/* ---- in capsules ---- */

/* A struct that nobody took is released with its capsule; its memory goes in any case. */
#define DESTROYING(Struct, name, destroy)                                                          \
    static void destroy(PyObject *capsule)                                                         \
    {                                                                                              \
        PyObject *type, *value, *traceback;                                                        \
        PyErr_Fetch(&type, &value, &traceback);                                                    \
        struct Struct *given = PyCapsule_GetPointer(capsule, name);                                \
        if (given != NULL && given->release != NULL) {                                             \
            given->release(given);                                                                 \
        }                                                                                          \
        free(given);                                                                               \
        PyErr_Restore(type, value, traceback);                                                     \
    }

DESTROYING(ArrowSchema, "arrow_schema", destroy_schema)
DESTROYING(ArrowArray, "arrow_array", destroy_array)
DESTROYING(ArrowArrayStream, "arrow_array_stream", destroy_stream)

/* What PyCapsule_New needs: a struct, and the destructor of its capsule. NULL: no memory. */
static struct ArrowSchema *arrow_give_schema(const struct ArrowSchema *schema, void *holder)
{
    struct ArrowSchema *given = malloc(sizeof *given);
    if (given != NULL && copy_schema(schema, given, holder) != 0) {
        free(given);
        given = NULL;
    }
    return given;
}

static struct ArrowArray *arrow_give_array(const struct ArrowArray *array, void *holder)
{
    struct ArrowArray *given = malloc(sizeof *given);
    if (given != NULL && copy_array(array, given, holder) != 0) {
        free(given);
        given = NULL;
    }
    return given;
}

static struct ArrowArrayStream *arrow_give_stream(const struct ArrowSchema *schema,
                                                  const struct ArrowArray *array, void *holder)
{
    struct ArrowArrayStream *given = malloc(sizeof *given);
    if (given != NULL && make_stream(schema, array, given, holder) != 0) {
        free(given);
        given = NULL;
    }
    return given;
}

static void *arrow_destructor(int kind)
{
    void (*const destructor[3])(PyObject *) = {destroy_schema, destroy_array, destroy_stream};
    void *address;
    memcpy(&address, &destructor[kind], sizeof address);
    return address;
}

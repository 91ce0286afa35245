/*
 * The decoder as a module of Python, keras_ec._ecz_decoder, within the stable ABI of Python 3.10.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

#include "ecz_decoder.h"

PyDoc_STRVAR(decode_doc,
             "decode(file, limit)\n--\n\n"
             "Decodes an .ecz file.\n\n"
             "Args:\n"
             "    file: Its bytes.\n"
             "    limit: Most bytes of content.\n\n"
             "Returns:\n"
             "    The content; None if the file is not sound, holds more than `limit` bytes, or\n"
             "    there is not enough memory for it here.\n");

static PyObject *decode(PyObject *module, PyObject *args)
{
    const char *file;
    Py_ssize_t file_size;
    unsigned long long limit;
    uint64_t content_size, arena_size;
    ecz_status status;
    PyObject *content;
    char *bytes;
    void *arena;

    (void)module;
    if (!PyArg_ParseTuple(args, "y#K:decode", &file, &file_size, &limit)) {
        return NULL;
    }
    if (ecz_content_size((const uint8_t *)file, (size_t)file_size, &content_size) != ECZ_OK ||
        ecz_arena_size((const uint8_t *)file, (size_t)file_size, &arena_size) != ECZ_OK ||
        content_size > limit || content_size > (uint64_t)PY_SSIZE_T_MAX ||
        arena_size > (uint64_t)PY_SSIZE_T_MAX) {
        Py_RETURN_NONE;
    }
    arena = malloc((size_t)arena_size);
    content = arena ? PyBytes_FromStringAndSize(NULL, (Py_ssize_t)content_size) : NULL;
    if (!content) {
        free(arena);
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    bytes = PyBytes_AsString(content);
    Py_BEGIN_ALLOW_THREADS
    status = ecz_decode((const uint8_t *)file, (size_t)file_size, (uint8_t *)bytes,
                        (size_t)content_size, arena, (size_t)arena_size);
    Py_END_ALLOW_THREADS
    free(arena);
    if (status != ECZ_OK) {
        Py_DECREF(content);
        Py_RETURN_NONE;
    }
    return content;
}

static PyMethodDef methods[] = {
    {"decode", decode, METH_VARARGS, decode_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_ecz_decoder", "Decoder of .ecz files in C.", 0, methods,
    NULL,                  NULL,           NULL,                          NULL,
};

PyMODINIT_FUNC PyInit__ecz_decoder(void)
{
    return PyModule_Create(&definition);
}

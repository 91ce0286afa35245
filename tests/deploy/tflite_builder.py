"""Builds small .tflite flatbuffers without a converter."""

import flatbuffers
import numpy as np
import tflite

_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "float16": tflite.TensorType.FLOAT16,
    "float64": tflite.TensorType.FLOAT64,
    "complex64": tflite.TensorType.COMPLEX64,
    "bool": tflite.TensorType.BOOL,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
    "int16": tflite.TensorType.INT16,
    "uint16": tflite.TensorType.UINT16,
    "int32": tflite.TensorType.INT32,
    "uint32": tflite.TensorType.UINT32,
    "int64": tflite.TensorType.INT64,
    "uint64": tflite.TensorType.UINT64,
}


def _offsets(builder, start, items):
    start(builder, len(items))
    for item in reversed(items):
        builder.PrependUOffsetTRelative(item)
    return builder.EndVector()


def _buffer(builder, data, alignment):
    builder.StartVector(1, len(data), alignment)
    builder.head -= len(data)
    builder.Bytes[builder.head : builder.head + len(data)] = data
    return builder.EndVector()


def _metadata(builder, entries, first_buffer):
    tables = []
    for number, name in enumerate(entries):
        label = builder.CreateString(name)
        tflite.MetadataStart(builder)
        tflite.MetadataAddName(builder, label)
        tflite.MetadataAddBuffer(builder, first_buffer + number)
        tables.append(tflite.MetadataEnd(builder))
    return _offsets(builder, tflite.ModelStartMetadataVector, tables)


def build_tflite(
    arrays, *, alignment=16, shapes=None, shared=(), external=(), types=None, metadata=None
):
    """Returns a .tflite flatbuffer with one constant tensor for each array.

    Args:
        arrays: Arrays by name.
        alignment: Alignment of the buffers' data, bytes.
        shapes: Shapes to record instead of the arrays' own, by name.
        shared: Names of further tensors, all using the first array's buffer.
        external: Names of the arrays whose data follow the flatbuffer.
        types: Numbers of the element types to record instead of the arrays' own, by name.
        metadata: Content of metadata buffers by name.
    """
    metadata = metadata or {}
    external_at = 0
    for _ in range(2 if external else 1):
        builder = flatbuffers.Builder(1024)
        tail, tail_size = [], 0
        buffers = []
        for name, array in arrays.items():
            vector = None
            if name not in external:
                vector = _buffer(builder, array.tobytes(), alignment)
            tflite.BufferStart(builder)
            if vector is not None:
                tflite.BufferAddData(builder, vector)
            else:
                tflite.BufferAddOffset(builder, (external_at or 1 << 40) + tail_size)
                tflite.BufferAddSize(builder, array.nbytes)
                tail.append(array)
                tail_size += array.nbytes
            buffers.append(tflite.BufferEnd(builder))
        for content in metadata.values():
            vector = _buffer(builder, content, alignment)
            tflite.BufferStart(builder)
            tflite.BufferAddData(builder, vector)
            buffers.append(tflite.BufferEnd(builder))
        tflite.BufferStart(builder)
        buffers.insert(0, tflite.BufferEnd(builder))
        tensors = []
        first = next(iter(arrays), None)
        for number, name in enumerate([*arrays, *shared]):
            array = arrays[name if name in arrays else first]
            recorded = (shapes or {}).get(name, array.shape)
            label = builder.CreateString(name)
            shape = builder.CreateNumpyVector(np.array(recorded, np.int32))
            tflite.TensorStart(builder)
            tflite.TensorAddShape(builder, shape)
            tflite.TensorAddType(builder, (types or {}).get(name, _TYPES[array.dtype.name]))
            tflite.TensorAddBuffer(builder, number + 1 if name in arrays else 1)
            tflite.TensorAddName(builder, label)
            tensors.append(tflite.TensorEnd(builder))
        tensors = _offsets(builder, tflite.SubGraphStartTensorsVector, tensors)
        tflite.SubGraphStart(builder)
        tflite.SubGraphAddTensors(builder, tensors)
        graphs = _offsets(builder, tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(builder)])
        buffers = _offsets(builder, tflite.ModelStartBuffersVector, buffers)
        metadata_tables = _metadata(builder, metadata, len(arrays) + 1) if metadata else None
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, 3)
        tflite.ModelAddSubgraphs(builder, graphs)
        tflite.ModelAddBuffers(builder, buffers)
        if metadata:
            tflite.ModelAddMetadata(builder, metadata_tables)
        builder.Finish(tflite.ModelEnd(builder), b"TFL3")
        flatbuffer = bytes(builder.Output())
        external_at = len(flatbuffer)
    return b"".join([flatbuffer, *(array.tobytes() for array in tail)])

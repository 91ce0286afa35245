"""Running the networks of tests in LiteRT."""

from ai_edge_litert.interpreter import Interpreter


def run(content, x):
    """Outputs of a network of one input and one output for a batch."""
    interpreter = Interpreter(model_content=content)
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(source["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(source["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(target["index"])

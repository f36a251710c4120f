"""tract 0.23.9."""
# pip: tract==0.23.9 numpy==2.4.6

import tract


def run(file, x, names):
    """Outputs by name."""
    model = tract.onnx().load(file)
    model.set_output_names(names)
    model.set_input_fact(0, f"{','.join(map(str, x.shape))},f32")
    found = model.into_model().into_runnable().run([x])
    return dict(zip(names, (value.to_numpy() for value in found), strict=True))

"""tract 0.23.9."""
# pip: tract==0.23.9 numpy==2.4.6

import tract


def run(file, x, names):
    """Outputs by name."""
    model = tract.onnx().load(file)
    model.set_input_fact(0, f"{','.join(map(str, x.shape))},f32")
    order = [model.output_name(i) for i in range(model.output_count())]
    found = model.into_model().into_runnable().run([x])
    return dict(zip(order, (value.to_numpy() for value in found), strict=True))

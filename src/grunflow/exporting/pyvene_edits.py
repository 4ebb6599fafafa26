"""The same edits as a stock pyvene model; needs pyvene (0.1.8), and load_edits.py beside it.

    from pyvene_edits import load
    unlearned = load()
    _, ids = unlearned.generate(inputs, unit_locations={"base": last}, intervene_on_prompt=True, do_sample=False)

`last` is the position of the prompt's last token. pyvene knows the blocks of some architectures only.
"""

import pyvene
from load_edits import edited, edits, load_base


class Edit(pyvene.SourcelessIntervention, pyvene.TrainableIntervention):
    """An edit in pyvene's interface."""

    tensors = None

    def forward(self, base, source=None, subspaces=None):
        return edited(base.reshape(-1, base.shape[-1]), self.tensors)[0].reshape(base.shape)


def load(base=None):
    """pyvene's IntervenableModel. base: as of load_edits.load."""
    model = load_base(base).eval()
    known = dict(sorted(edits().items()))
    places = [
        {
            "layer": block,
            "component": "block_output",
            "unit": "pos",
            "max_number_of_units": 1,
            "intervention_type": Edit,
        }
        for block in known
    ]
    wrapped = pyvene.IntervenableModel(pyvene.IntervenableConfig(places), model)
    for intervention, tensors in zip(wrapped.interventions.values(), known.values(), strict=True):
        intervention.tensors = tensors
    return wrapped

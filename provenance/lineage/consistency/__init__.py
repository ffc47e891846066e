"""What headers say of a claimed parent without any weights: names, shapes, dtypes, settings.

Agreement proves little: every fine-tune of a base has its shapes. It is shown and never required.
Disagreement convicts, and only one kind is disagreement: a tensor of the backbone that both models
share, whose shape cannot come from the parent's. A head, a vocabulary, layers, biases or scales
that come or go are what honest tools do, and are said as what they are.
"""

from provenance.lineage.consistency.compare import Agreement, compare
from provenance.lineage.consistency.copies import identical_weights
from provenance.lineage.consistency.tensors import dtypes, layout
from provenance.weights.roles import FLOATS

__all__ = ["FLOATS", "Agreement", "compare", "dtypes", "identical_weights", "layout"]

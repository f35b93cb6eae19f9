"""One question per file, listed in the order in which the report answers them.

To add an audit: write `audits/<name>.py` after the model of the others, add it to this tuple, and write
`tests/audits/test_<name>.py`.
"""

from byheart.audits import (
    adaptation,
    attribution,
    complexity,
    context,
    exposure,
    extraction,
    interpolation,
    membership,
    novelty,
    propensity,
)
from byheart.core.audit import Audit

AUDITS: tuple[Audit, ...] = (
    extraction.AUDIT,
    membership.AUDIT,
    exposure.AUDIT,
    context.AUDIT,
    interpolation.AUDIT,
    adaptation.AUDIT,
    attribution.AUDIT,
    complexity.AUDIT,
    novelty.AUDIT,
    propensity.AUDIT,
)

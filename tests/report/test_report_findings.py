"""The order in which findings are told."""

from trainlab.report.findings import grouped


def test_a_cause_comes_before_what_follows_from_it():
    """Also where nothing is known about how often its code is right."""
    findings = [
        {"code": "lr-too-low", "severity": "warning", "confidence": 0.45, "because": ["vanishing-gradient@step 200"]},
        {"code": "diverged", "severity": "error", "confidence": 0.9, "because": ["vanishing-gradient@step 200"]},
        {"code": "vanishing-gradient", "severity": "warning"},
        {"code": "plateau", "severity": "info"},
    ]
    assert [group.code for group in grouped(findings)] == ["vanishing-gradient", "lr-too-low", "diverged", "plateau"]


def test_errors_come_before_warnings_where_no_confidence_is_known():
    """Among those without a cause."""
    findings = [{"code": "plateau", "severity": "warning"}, {"code": "diverged", "severity": "error"}]
    assert [group.code for group in grouped(findings)] == ["diverged", "plateau"]

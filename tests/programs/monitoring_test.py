# SPDX-License-Identifier: Apache-2.0
"""The alert rules and the dashboard that are installed name only what a daemon tells."""

import json
import re
import shutil
import subprocess
import unittest

import harness
from harness import ROOT, Config

RULES = ROOT / "tools/packaging/prometheus/postern.rules.yml"
DASHBOARD = ROOT / "tools/packaging/grafana/postern.json"
DOCUMENT = ROOT / "docs/metrics.md"

METRIC = r"\b(?:postern|process)_[a-z0-9_]+"
# What Prometheus adds to whatever it has scraped.
ADDED_LABELS = {"instance", "job", "le"}


def rule_expressions():
    """What stands behind "expr:", on one line or folded."""
    text = RULES.read_text()
    found = re.findall(r"^( +)expr: (?:>\n((?:\1 +.*\n)+)|(.+)\n)", text, re.MULTILINE)
    return [folded or line for _, folded, line in found]


def dashboard_queries(node):
    """(expression, legend) of every query, however deep."""
    if isinstance(node, list):
        for part in node:
            yield from dashboard_queries(part)
    elif isinstance(node, dict):
        if "expr" in node:
            yield node["expr"], node.get("legendFormat", "")
        for part in node.values():
            yield from dashboard_queries(part)


def labels_in(expression):
    """Names in braces before an operator, and in `by (…)`."""
    inside = re.findall(r"[{,](\w+)\s*[=!]", expression)
    by = re.findall(r"by \(([^)]*)\)", expression)
    return set(inside) | {name for names in by for name in re.findall(r"\w+", names)}


class Monitoring(harness.TestCase):
    def setUp(self):
        super().setUp()
        lab = self.lab()
        config = Config(port=lab.port).text(self.folder)
        # A list with a budget has one metric more.
        config = config.replace('name = "one"', 'name = "one"\nbudget = 1000')
        self.page = self.daemon(config).metrics()
        self.names = set()
        for name, family in self.page.items():
            parts = ("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",)
            self.names |= {name + part for part in parts}

    def labels_of(self, metric):
        family = self.page[re.sub(r"_(bucket|sum|count)$", "", metric)]
        return {label for key in family.samples for label, _ in key}

    def check(self, expression, legend=""):
        metrics = set(re.findall(METRIC, expression))
        self.assertLessEqual(metrics, self.names, expression)
        known = ADDED_LABELS.union(*(self.labels_of(metric) for metric in metrics))
        self.assertLessEqual(labels_in(expression), known, expression)
        self.assertLessEqual(set(re.findall(r"{{(\w+)}}", legend)), known, legend)
        return metrics

    def test_the_rules_name_what_there_is(self):
        expressions = rule_expressions()
        self.assertEqual(len(expressions), RULES.read_text().count("alert: "))
        named = set().union(*(self.check(expression) for expression in expressions))
        self.assertIn("postern_list_up", named)
        self.assertIn("postern_request_duration_seconds_bucket", named)

    def test_the_dashboard_names_what_there_is(self):
        queries = list(dashboard_queries(json.loads(DASHBOARD.read_text())))
        self.assertGreater(len(queries), 20)
        for expression, legend in queries:
            self.assertTrue(self.check(expression, legend), expression)

    def test_every_metric_is_documented_and_no_other(self):
        named = set(re.findall(r"`((?:postern|process)_[a-z0-9_]+)", DOCUMENT.read_text()))
        self.assertEqual(named, set(self.page))

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_prometheus_reads_the_rules(self):
        checked = subprocess.run(
            ["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False
        )
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


if __name__ == "__main__":
    harness.main()

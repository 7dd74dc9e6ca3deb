# SPDX-License-Identifier: Apache-2.0
"""What the parts of a run share: where programs are, how much to measure, what is reported."""

import dataclasses
import json
import pathlib
import subprocess


@dataclasses.dataclass
class Chart:
    """A plot of the report: `series` maps a name to points (x, y)."""

    title: str
    x_title: str
    y_title: str
    series: dict
    log_x: bool = True
    log_y: bool = False


@dataclasses.dataclass
class Context:
    binaries: pathlib.Path
    folder: pathlib.Path  # temporary
    output: pathlib.Path  # of the report
    quick: bool
    charts: list = dataclasses.field(default_factory=list)
    pictures: dict = dataclasses.field(default_factory=dict)  # title to file, made by posternload

    def rounds(self, many=3):
        return 1 if self.quick else many

    def much(self, number):
        """So many requests or addresses; a fiftieth of it to show that it runs."""
        return max(number // 50, 1) if self.quick else number

    def subfolder(self, name):
        folder = self.folder / name
        folder.mkdir()
        folder.chmod(0o755)  # servers that root starts give up root's rights
        return folder

    def picture(self, title, name):
        """The file for a plot of posternload's, shown in the report under `title`."""
        self.pictures[title] = self.output / name
        return self.output / name

    def micro(self, name, pattern, seconds=0.5):
        """A Google Benchmark: name of each measurement to its fields; `ns` is its CPU time, or what
        it measured itself."""
        done = subprocess.run(
            [
                *(self.binaries / name, "--benchmark_format=json", f"--benchmark_filter={pattern}"),
                f"--benchmark_min_time={0.01 if self.quick else seconds}",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
        results = {}
        for result in json.loads(done.stdout)["benchmarks"]:
            if "error_message" in result:
                raise RuntimeError(f"{name}: {result['name']}: {result['error_message']}")
            time = "real_time" if "manual_time" in result["name"] else "cpu_time"
            result["ns"] = result[time] * scale[result["time_unit"]]
            results[result["name"]] = result
        return results

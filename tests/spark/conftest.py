"""A cluster of its own: a master and workers of one core each, processes on loopback.

`make spark` runs these tests. They need pyspark and Java, and fail without.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 120.0
"""Seconds until something that should happen has not."""

SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For Java: none of these processes lives long enough to be worth optimising."""

DOES_NOT_MATTER = "ignore:PySpark does not yet fully support pandas"
"""It is Arrow that moves the rows; pandas only has to be there."""


def until(found: Callable[[], Any], what: str) -> Any:
    """What `found` gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.05)
    raise TimeoutError(what)


class Cluster:
    """A standalone cluster of Spark. Each worker is a process group with its executors in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A worker's Python is this one; without it that would be the first on the path.
        self.environment = os.environ | {
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",  # that has a port of its own
            "SPARK_DAEMON_JAVA_OPTS": SHORT_LIVED,
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self._log = folder / "master.log"
        own = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        self._master = self._start("master.Master", own, self._log)
        self.url = until(lambda: self._said(r"Starting Spark master at (\S+)"), "a master")[0]

    def grow(self, count: int) -> None:
        """Starts workers until that many live, and waits until they are ready."""
        own = ("--host", "127.0.0.1", "--webui-port", "0", "--cores", "1", "--memory", "1g")
        while sum(each.poll() is None for each in self.workers) < count:
            number = len(self.workers)
            place = ("--work-dir", str(self.folder / f"work{number}"))
            log = self.folder / f"worker{number}.log"
            self.workers.append(self._start("worker.Worker", (*own, *place, self.url), log))
        ready = len(self.workers)
        until(lambda: len(self._said("Registering worker")) == ready, f"{ready} workers")

    def submit(self, program: Path, *arguments: object) -> Submitted:
        """Runs a program on the cluster."""
        return Submitted(self, program, arguments)

    def stop(self) -> None:
        for process in (*self.workers, self._master):
            kill(process)

    def _start(self, name: str, own: tuple[str, ...], log: Path) -> subprocess.Popen[bytes]:
        import pyspark

        tool = Path(pyspark.__file__).parent / "bin" / "spark-class"
        with log.open("wb") as stream:
            return subprocess.Popen(
                [str(tool), f"org.apache.spark.deploy.{name}", *own],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )

    def _said(self, pattern: str) -> list[str]:
        assert self._master.poll() is None, self._log.read_text("utf-8")
        return re.findall(pattern, self._log.read_text("utf-8"))


class Submitted:
    """A program that runs on a cluster. `log()` is what Spark says of it so far."""

    def __init__(self, cluster: Cluster, program: Path, arguments: tuple[object, ...]) -> None:
        import pyspark

        self._log = program.with_suffix(".log")
        settings = {
            "spark.log.level": "INFO",
            "spark.ui.enabled": "false",
            "spark.executor.memory": "512m",
            "spark.driver.extraJavaOptions": SHORT_LIVED,
            "spark.executor.extraJavaOptions": SHORT_LIVED,
            # Work begins when both workers are there for it.
            "spark.cores.max": "2",
            "spark.scheduler.minRegisteredResourcesRatio": "1",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": f"{PATIENCE:.0f}s",
            # A task a file, and many tasks: the datasets of tests are small.
            "spark.sql.files.openCostInBytes": "128m",
        }
        tool = Path(pyspark.__file__).parent / "bin" / "spark-submit"
        command = [str(tool), "--master", cluster.url]
        command += [each for pair in settings.items() for each in ("--conf", "=".join(pair))]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, str(program), *map(str, arguments)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=cluster.environment,
                start_new_session=True,
            )

    def log(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    def wait_for(self, pattern: str) -> None:
        """Until Spark has said something."""

        def said() -> bool:
            assert self._process.poll() is None, self.log()[-5000:]
            return re.search(pattern, self.log()) is not None

        until(said, pattern)

    def finish(self) -> None:
        """Waits for its end, which is a good one."""
        try:
            status = self._process.wait(PATIENCE)
        finally:
            kill(self._process)
        assert status == 0, self.log()[-5000:]


def kill(process: subprocess.Popen[bytes]) -> None:
    """A whole process group, at once and without a word: as when a machine loses its power."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("spark"))
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session of threads in one process beside this one."""
    from pyspark.sql import SparkSession

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    made = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .config("spark.driver.extraJavaOptions", SHORT_LIVED)
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    yield made
    made.stop()

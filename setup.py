"""Compiles the kernels when trainlab is installed. Without a C compiler the install succeeds: NumPy does the work."""

import importlib.util
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
ENGINE = Path("trainlab") / "engine"


def _maker():
    spec = importlib.util.spec_from_file_location("kernel_build", HERE / ENGINE / "compiled" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class BuildWithKernels(build_py):
    """Beside the Python files the shared libraries: in the wheel, or in place for an editable install."""

    kernels: list[str] = []  # noqa: RUF012 - what setuptools asks for after the run

    def run(self):
        """Copy the Python files, compile the kernels."""
        super().run()
        root = HERE if self.editable_mode else Path(self.build_lib)
        type(self).kernels = [str(path) for path in _maker().build(root / ENGINE / "kernels")]

    def get_outputs(self, include_bytecode=True):
        """All that was made."""
        return super().get_outputs(include_bytecode) + self.kernels


class PlatformWheel(bdist_wheel):
    """A wheel with kernels in it is for one platform, but for every Python: the kernels know nothing of it."""

    def get_tag(self):
        """py3-none-linux_x86_64, say; py3-none-any without kernels."""
        if not BuildWithKernels.kernels and not self._kernels_exist():
            return super().get_tag()
        self.root_is_pure = False
        return "py3", "none", super().get_tag()[2]

    def _kernels_exist(self):
        return any(Path(self.bdist_dir or "").glob(str(ENGINE / "kernels" / "kernels-*.so")))


setup(cmdclass={"build_py": BuildWithKernels, "bdist_wheel": PlatformWheel})

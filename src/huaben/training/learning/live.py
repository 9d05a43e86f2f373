"""The steps of a running phase for DVCLive (3.49), where it is installed: files to look at, nothing to keep.

Each phase and seed has a folder with a table of every step for each measure, `plots/metrics/<measure>.tsv`. It lies
outside of what git and DVC track; the curves that are kept are those of the trainer's own log.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any


def callbacks(folder: Path, wanted: dict[str, str]) -> list[Any]:
    """Return the callback that logs `wanted` (measure: key of the trainer's logs); without DVCLive, none."""
    if find_spec("dvclive") is None:
        return []
    from transformers import TrainerCallback

    class Logged(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, arguments: Any, state: Any, control: Any, **_: Any) -> None:
            """Begin with the steps before the checkpoint; later ones that a killed run logged come again."""
            self.live = _local_live(folder) if state.is_world_process_zero else None
            for logs in state.log_history:
                self._write(logs["step"], logs)

        def on_log(self, arguments: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            self._write(state.global_step, logs)

        def _write(self, step: int, logs: Any) -> None:
            if self.live and "loss" in logs:
                self.live.step = step
                for measure, key in wanted.items():
                    self.live.log_metric(measure, logs[key])
                self.live.make_summary()

    return [Logged()]


def _local_live(folder: Path) -> Any:
    """Return a `Live` that writes into its folder alone.

    The stock one opens the DVC repository, makes one where there is none, and looks for a Studio to post to.
    """
    from dvclive import Live

    class LocalLive(Live):  # type: ignore[misc]
        def _init_dvc(self) -> None:
            self._dvc_file = "dvc.yaml"

        def _init_studio(self) -> None:
            self._studio_events_to_skip = {"start", "data", "done"}

    return LocalLive(dir=str(folder), save_dvc_exp=False, dvcyaml=None, report=None)

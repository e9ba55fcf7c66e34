"""Errors of the doctor.

* MegaplanSyncError
  * RecordFolderError - the archive cannot be written there
"""

from megaplan_sync.kernel.exceptions import MegaplanSyncError


class RecordFolderError(MegaplanSyncError):
    """The archive of a recording cannot be written."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(
            f"The archive cannot be written to {folder!r} ({reason}). Set the parameter record to a folder that this "
            "worker may write to, or to an address of Airflow's object storage whose provider is installed."
        )

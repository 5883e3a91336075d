"""Include the files that are not Python: the Redis script and the messages."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("okx_maxloan_sdk")

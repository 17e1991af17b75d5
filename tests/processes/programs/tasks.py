"""A Celery application on a broker of files: `$SET_UP` says when OpenTelemetry and genscope are set up."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_process_init

import genscope

from .application import ask, client, kept, set_up

app = Celery("tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": os.environ["FOLDER"],
        "data_folder_out": os.environ["FOLDER"],
        "control_folder": os.environ["FOLDER"],
        "polling_interval": 0.05,
    },
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
)


@app.task
def work(model: str) -> None:
    """A call, a stream that is read and one that is left open."""
    ask(client(), f"{model} plain")
    for _ in ask(client(), f"{model} read", stream=True):
        pass
    kept.append(ask(client("midhang"), f"{model} open", stream=True))
    next(iter(kept[-1]))


@worker_init.connect
def send(**kwargs: Any) -> None:
    """All tasks are there when the worker begins to look: its broker has no protection from files half written."""
    for number in range(int(os.environ["TASKS"])):
        work.delay(f"{os.environ['SET_UP']} {number}")


def instrument(**kwargs: Any) -> None:
    set_up()
    genscope.instrument()


if os.environ["SET_UP"] == "import":
    instrument()
else:
    worker_process_init.connect(instrument)

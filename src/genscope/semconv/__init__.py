"""Every attribute and metric name, bucket list and convention flavour. The only place that spells them.

Source: OpenTelemetry GenAI semantic conventions (https://github.com/open-telemetry/semantic-conventions-genai).
What these do not name lives under `genscope.*`.
"""

from genscope.semconv.attributes import *
from genscope.semconv.events import *
from genscope.semconv.metrics import *

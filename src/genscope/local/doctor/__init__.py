"""`genscope doctor`: what is traced here and where it goes, what is not, and what to do about it.

    from genscope.local.doctor import examine
    examine().problems

Nothing is configured and nothing is sent: the environment, the entry points and the providers of this process are read,
the SDKs are imported, and a connection to the configured endpoints is opened and closed.
"""

from genscope.local.doctor.examination import examine
from genscope.local.doctor.findings import Examination, Problem

__all__ = ["Examination", "Problem", "examine"]

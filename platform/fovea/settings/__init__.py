"""Settings: `base` reads the environment once; `dev`, `test` and `production` differ only where they must.

`FOVEA_ENV` chooses (dev when unset), so that every process of one installation agrees without naming a module.
"""

import os

if os.environ.get("FOVEA_ENV", "dev") == "production":
    from .production import *  # noqa: F403
else:
    from .dev import *  # noqa: F403

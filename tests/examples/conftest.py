"""Nothing outside this machine is asked: said before datasets and huggingface_hub are imported."""

import os

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

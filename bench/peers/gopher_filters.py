"""datatrove's filters over short texts: Gopher's repetition and quality rules, and C4's; prints CPU seconds.

    python gopher_filters.py TEXTS.jsonl

The length rules that no short reply can meet are set low, so that every filter looks at every text.
"""

import json
import sys
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, GopherQualityFilter, GopherRepetitionFilter

documents = [
    Document(text=json.loads(line), id=str(i))
    for i, line in enumerate(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
]
filters = [
    GopherRepetitionFilter(language="zh"),
    GopherQualityFilter(language="zh", min_doc_words=1, min_avg_word_length=1, min_stop_words=0),
    C4QualityFilter(language="zh", filter_no_terminal_punct=False, min_num_sentences=0),
]
for one in filters:  # the tokenizer is loaded with the first text
    one.filter(documents[0])
began = time.process_time()
for document in documents:
    for one in filters:
        one.filter(document)
print(json.dumps({"cpu": time.process_time() - began, "rows": len(documents)}))

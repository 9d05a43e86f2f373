"""The words by which refusals, leaked prompts, placeholders, narration and watermarks are known.

A pattern here must not fire on what people say in novels: 对不起，我不能嫁给你 is no refusal. So refusals name
a machine, a policy or a machine's verbs; narration is told only in a reply that is nothing else.
"""

import re

VERBS = (
    r"(?:给到|提供|协助|生成|续写|撰写|创作|扮演|帮助?(?:您|你)?(?:撰写|完成|生成|写|创作|续写)|教授任何|"
    r"(?:满足|执行|处理|回答|继续|讨论|参与|完成|涉及|支持|响应)(?:您|你|这个|这一|这类|此类|该|此|上述|相关)|为(?:您|你)(?:续写|提供|生成|创作|撰写))"
)
CANNOT = r"(?:无法|不能|不便|不会|没有办法|没办法|不可以)"
REFUSAL = re.compile(
    r"作为(?:一个|一名|一款|一种|由[^，。]{1,12}的)?(?:AI|人工智能|大?语言模型)(?:语言模型|助手|助理|模型|程序|系统)?(?=[，,、我])|"
    r"我只?是(?:一个|一名|一款)?(?:由[^，。]{0,12}的)?(?:AI|人工智能)(?:语言模型|助手|助理|模型|程序)|"
    r"由人工智能驱动的|"
    r"(?:抱歉|对不起|不好意思|遗憾|您好|你好)[，,。！! ]{0,2}(?:[^，。]{0,12}[，,])?"
    rf"(?:我|该|此|本)[^，。]{{0,4}}{CANNOT}{VERBS}|"
    rf"(?:我|该内容)[^，。]{{0,3}}{CANNOT}(?:给到|满足|执行|完成|处理|响应)"
    r"(?:您的?|你的?|这个|这一|这|该|此|相关)(?:个)?(?:请求|要求|指令|任务|内容)|"
    r"违反(?:了)?(?:相关|我们的|平台的?)?(?:的)?"
    r"(?:使用政策|法律法规|社区准则|内容政策|安全准则|使用条款)|"
    r"(?:根据|依据|依照)(?:相关|有关)(?:的)?法律法规|该(?:内容|问题|话题|请求)(?:可能|涉嫌|暂时)(?:违反|违规|不能|无法)|"
    r"不便对(?:此|该|这)类?[^，。]{0,6}(?:发表|评价|评论)|"
    r"\bas an? (?:AI|artificial intelligence)(?: language)?(?: model| assistant)?,? I\b|"
    r"\bI(?:['’]m| am) (?:just |only )?an? (?:AI|artificial intelligence)(?: language)? (?:model|assistant)|"
    r"\bI(?:['’]m| am) sorry,? but I (?:can(?:no|['’])t|am unable to|am not able to) "
    r"(?:assist|fulfill|comply|provide|generate|engage|create|help with (?:that|this))|"
    r"\bI(?: can(?:no|['’])t|(?: am|['’]m) unable to|(?: am|['’]m) not able to) "
    r"(?:fulfill|comply with|assist with|generate|engage in) (?:this|that|your|any|such|content|explicit)",
    re.IGNORECASE,
)
LEAK = re.compile(
    r"你的任务是(?:根据|生成|扮演|改写|提取|回答|续写)|(?:你|您)(?:需要|将|现在要?)扮演|"
    r"你是一(?:个|名|位)?[^，。]{0,14}(?:助手|模型|写手)[，,。]|"
    r"(?:严格)?(?:按照?|以|用|依照)(?:如下|以下|下列|下面|上述)的?[^，。]{0,8}格式(?:进行)?(?:输出|返回|回答|回复|作答)|"
    r"(?:输出|返回|回复)格式(?:如下|要求|[：:])|"
    r"不要(?:输出|添加|包含|返回|生成)(?:任何)?(?:其他|多余|额外|无关)|不得超出原文|字数控制在|"
    r"(?:以下|下面|这)(?:是|为)[^。：:\n]{0,20}(?:改写后|角色|人物|台词|口吻)[^。：:\n]{0,14}[：:]|"
    r"根据(?:您|你)(?:所)?(?:提供|给出|给定)的(?:小说|原文|片段|上下文|设定|人物)|"
    r"我将(?:以|用)[^，。]{1,12}的(?:口吻|身份|语气|视角)|"
    r"以上(?:是|为)(?:根据|从)[^，。]{0,12}(?:提取|生成|改写|整理)|已按照?(?:您的?|你的?)?要求|"
    r"\A\s*(?:生成的(?:回复|回答|台词)|改写后?|角色回复|任务说明|指令|Instruction|System)\s*[：:]|"
    r"\A\s*[（(](?:注意|说明|提示|备注)[：:][^）)]{0,80}(?:回复|语气|字数|人物|输出|格式|角色)|"
    r"^#{1,4} ?(?:指令|回复|回答|输入|输出|Instruction|Response|Input|Output)\s*[：:]|"
    r"^(?:用户|助手|User|Assistant|Human)\s*[：:]|"
    r"\bYou are a (?:helpful|professional|role)|\bRespond only with\b|"
    r"\bHere is the (?:rewritten|revised|generated|requested)[^.:\n]{0,60}:",
    re.IGNORECASE | re.MULTILINE,
)
EMPTY_WORDS = frozenset(
    "无 空 略 省略 暂无 暂无内容 暂无数据 暂无信息 待补充 待定 占位符 无对话 无台词 无回复 无内容 没有对话 没有台词 "
    "null none nil n/a na nan undefined todo tbd xx xxx xxxx string placeholder".split()
)
MAYBE_NONE = frozenset("无 空 none null n/a na".split())
"""Words that answer the question whether there is any."""
ASKS_WHETHER = re.compile(r"有没有|有无|是否|有何|\bany\b|\bis there\b|\bare there\b|\bwhether\b", re.IGNORECASE)
WRAPPED = re.compile(
    r"\A[（(\[【<{]+[^）)\]】>}\n]{0,16}(?:无对话|无台词|没有|无回复|无内容|此处|省略|略|空|insert|reply|response|待补充|todo|placeholder)"
    r"[^）)\]】>}\n]{0,24}[）)\]】>}]+\Z",
    re.IGNORECASE,
)
UNFILLED = re.compile(
    r"\{\{\s{0,4}\w{1,30}\s{0,4}\}\}|\[(?:INSERT|YOUR)\b[^\]\n]{0,40}\]|\blorem ipsum\b", re.IGNORECASE
)
SPEECH = r"(?:说|道|问|答|喊|叫|骂|笑|嚷|吼|叹|开口|回答|低语|嘟囔|接口)"
SAID = r"(?:said|asked|replied|answered|whispered|muttered|cried|shouted)"
NOT_MINE = r"[^“”「」\n我你咱俺。！？；]"
NARRATION = re.compile(
    r"\A(?!(?:他|她|它|他们|她们|有人|人家|老人|古人|俗话|常言|书上|老话)(?:说|道))(?!.{0,6}(?:俗话|古人|常言|老话))"
    rf"{NOT_MINE}{{1,40}}{SPEECH}[着了]?[：:，,]\s*[“「][^”」]*[”」]?\Z|"
    rf"\A[“「][^”」]{{0,200}}[。！？…，—][”」]{NOT_MINE}{{0,30}}{SPEECH}{NOT_MINE}{{0,20}}(?:[“「][^”」]*[”」])?[。！]?\Z|"
    rf"\A[\"“][^\"“”]{{2,200}}[,.!?—-][\"”],? (?:\w+ ){{0,3}}{SAID}\b|"
    rf"\A(?!I\b)[A-Z][^\"“”\n]{{0,60}}\b{SAID}[,:] [\"“][^\"“”]*[\"”]\Z"
)
ASKS_WORDS = re.compile(
    r"[说讲答话喊骂念写]|故事|小说|翻译|描写|\b(?:say|said|story|write|translate|rewrite|continue|tell)\b",
    re.IGNORECASE,
)
"""A prompt to which a quotation may be the answer."""
WATERMARK = re.compile(
    r"本章未完|[（(]本章完[）)]|点击下一[页章]|[（(]?未完待续[）)]?\s*\Z|记住(?:本站|本书|我们的?)?(?:首发)?(?:域名|网址|地址)|"
    r"天才一秒记住|手机(?:用户|版)[^。，]{0,8}(?:浏览|阅读)|最新(?:章节请|网址)|求(?:月票|推荐票|收藏|订阅|打赏)|"
    r"(?:小说|书)(?:网|城|吧)[^。]{0,10}(?:首发|正版)|本书(?:首发|由[^。]{0,20}(?:首发|整理|提供))|首发于|更多精彩(?:小说|章节)|"
    r"关注(?:微信)?公众号|(?:以上|本)(?:内容|回答|文)由\s?AI\s?生成|"
    r"(?:www|m|wap)\.[a-z0-9-]{2,30}\.(?:com|net|org|cc|cn|info|la|vip)|"
    r"\bread (?:the latest|more) chapters? (?:at|on)\b|\bvisit \S{3,40}\.(?:com|net|org)\b",
    re.IGNORECASE,
)
ASKS_WATERMARK = re.compile(r"网站|网址|网页|月票|下一页|公众号|\b(?:web ?site|url|link|address)\b", re.IGNORECASE)
ASKS_CODE = re.compile(
    r"代码|编程|程序|网页|前端|标签|页面|组件|正则|终端|命令|脚本|接口|提示词|模板|日志|端口|"
    r"\b(?:html|css|xml|json|yaml|sql|code|tag|script|python|java\w*|c\+\+|linux|bash|shell|react|vue|markdown|regex|prompt|template|"
    r"token|div|function|api)\b|json|sql|html|格式|字典|数组",
    re.IGNORECASE,
)
"""A prompt to which code, markup, JSON or talk of prompts may be the answer."""
ASKS_LANGUAGE = re.compile(
    r"译|[英日俄韩法德泰西][语文]|外语|外文|西班牙|阿拉伯|拉丁|用\S{0,6}语|中文|繁体|简体|拼音|缩写|歌词|单词|"
    r"\b(?:translat\w*|english|chinese|mandarin|japanese|french|german|spanish|russian|korean|arabic|thai|language|lyrics)\b",
    re.IGNORECASE,
)

"""A small novel for tests that run the real pipeline: two people, many clocks, seeded words."""

import random
from pathlib import Path

WHO = ("钟离", "杜明")
PLACES = "灶台 屋顶 井边 桥下 书房 码头 磨坊 菜地 阁楼 药铺 茶馆 祠堂 河滩 山口 船舱 学堂 布店 米仓 马厩 城门".split()
THINGS = "铜壶 雨伞 月饼 算盘 鞋底 风筝 竹篮 铁锁 账本 纸灯 木梳 瓷碗 扇子 马鞍 渔网 石磨 棉被 锄头 茶叶 蜡烛".split()
DEEDS = "丢了 藏着 摔坏了 借走了 画上了 数过了 烧掉了 搬走了 擦亮了 忘记了 修好了 卖掉了 埋下了 晒干了 喂饱了".split()
MADNESS = "慢着慢着 你听 对对对，不对 一、二、三 嘘 差一刻 我没疯 几更了 真奇怪 说得准 别出声 打更的来了".split()
PLAIN = "我想是这样 先坐下吧 你慢慢讲 这不要紧 明天再去看 请把门关上 医生这么说过 我们回家吧 别着急 天快黑了".split()


def small_novel(chapters: int = 12) -> str:
    """Return a novel of `chapters` chapters whose lines repeat nothing but their cues."""
    words = random.Random(7)
    parts = ["《两个人的钟》", ""]
    for number in range(1, chapters + 1):
        parts += [f"第{number}章 {words.choice(PLACES)}的{words.choice(THINGS)}", ""]
        for _ in range(4):
            for _ in range(4):
                for name, openings in zip(WHO, (MADNESS, PLAIN), strict=True):
                    parts.append(f"{name}说：“{words.choice(openings)}，{_clause(words)}，{_clause(words)}。”")
            parts += [f"天黑以后，{_clause(words)}，{_clause(words)}，谁也没有再说话。", ""]
    return "\n".join(parts) + "\n"


def _clause(words: random.Random) -> str:
    return f"{words.choice(PLACES)}那边的{words.choice(THINGS)}{words.choice(DEEDS)}"


def write_novel(folder: Path, chapters: int = 12) -> Path:
    """Write the small novel to `folder` and return its path."""
    path = folder / "clocks.txt"
    path.write_text(small_novel(chapters), encoding="utf-8")
    return path

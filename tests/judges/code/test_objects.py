# ruff: noqa: E501 - programs and their tests, a line each
"""Objects and styles of tests, as people write them: the right program passes, the one without bodies does not."""

from __future__ import annotations

import ast

import pytest

from jurybox.judges.code import CodeJudge

CASES = {  # name: (program, file of tests)
    "namedtuple field": (
        "from collections import namedtuple\nPoint=namedtuple('Point','x y')\ndef f(): return Point(1,2)",
        "def test_f():\n    p=f()\n    assert p.x==1 and p.y==2 and p==(1,2)",
    ),
    "typing NamedTuple": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x:int\n    y:int=0\ndef f(): return P(1)",
        "def test_f():\n    assert f().x==1\n    assert f()==(1,0)\n    assert f()._asdict()=={'x':1,'y':0}",
    ),
    "namedtuple ctor in test": (
        "from collections import namedtuple\nPoint=namedtuple('Point','x y')\ndef f(p): return p.x+p.y",
        "from solution import Point,f\ndef test_f():\n    assert f(Point(1,2))==3",
    ),
    "OrderedDict": (
        "from collections import OrderedDict\ndef f(): return OrderedDict(a=1,b=2)",
        "from solution import f\ndef test_f():\n    d=f()\n    assert list(d)==['a','b'] and d=={'a':1,'b':2}",
    ),
    "OrderedDict isinstance": (
        "from collections import OrderedDict\ndef f(): return OrderedDict(a=1,b=2)",
        "from collections import OrderedDict\nfrom solution import f\ndef test_f():\n    assert isinstance(f(), OrderedDict)\n    f().move_to_end('a')",
    ),
    "defaultdict": (
        "from collections import defaultdict\ndef f():\n    d=defaultdict(list)\n    d[1].append(2)\n    return d",
        "from collections import defaultdict\nfrom solution import f\ndef test_f():\n    d=f()\n    assert isinstance(d, defaultdict) and d[1]==[2] and d[5]==[]",
    ),
    "Counter": (
        "from collections import Counter\ndef f(s): return Counter(s)",
        "from collections import Counter\nfrom solution import f\ndef test_f():\n    assert f('aab')==Counter('aab') and f('aab').most_common(1)==[('a',2)]\n    assert f('ab')['z']==0",
    ),
    "deque": (
        "from collections import deque\ndef f(): return deque([1,2,3], maxlen=3)",
        "from collections import deque\nfrom solution import f\ndef test_f():\n    d=f()\n    assert d==deque([1,2,3]) and isinstance(d,deque)\n    assert d.popleft()==1",
    ),
    "generator": (
        "def f(n):\n    for i in range(n): yield i",
        "from solution import f\nimport types\ndef test_f():\n    g=f(3)\n    assert isinstance(g, types.GeneratorType)\n    assert list(g)==[0,1,2]\n    assert sum(f(4))==6",
    ),
    "generator send": (
        "def f():\n    got=yield 1\n    yield got*2",
        "from solution import f\ndef test_f():\n    g=f()\n    assert next(g)==1\n    assert g.send(5)==10",
    ),
    "iterator isinstance": (
        "def f(): return iter([1,2])",
        "from collections.abc import Iterator\nfrom solution import f\ndef test_f():\n    assert isinstance(f(), Iterator)\n    assert next(f())==1",
    ),
    "map zip lazily": (
        "def f(): return map(str,[1,2])",
        "from solution import f\ndef test_f():\n    assert list(f())==['1','2']",
    ),
    "infinite generator islice": (
        "def f():\n    n=0\n    while True:\n        yield n\n        n+=1",
        "from itertools import islice\nfrom solution import f\ndef test_f():\n    assert list(islice(f(),3))==[0,1,2]",
    ),
    "range result": (
        "def f(): return range(3)",
        "from solution import f\ndef test_f():\n    assert list(f())==[0,1,2]\n    assert f()==range(3)",
    ),
    "bytes/bytearray": (
        "def f(b): return bytearray(b)+b'!'",
        "from solution import f\ndef test_f():\n    assert f(b'a')==bytearray(b'a!')\n    assert isinstance(f(b'a'),bytearray)",
    ),
    "complex": (
        "def f(): return 1+2j",
        "from solution import f\ndef test_f():\n    assert f()==1+2j",
    ),
    "Decimal": (
        "from decimal import Decimal\ndef f(x): return x*Decimal('1.10')",
        "from decimal import Decimal\nfrom solution import f\ndef test_f():\n    assert f(Decimal('2'))==Decimal('2.20')\n    assert str(f(Decimal('2')))=='2.20'",
    ),
    "Fraction": (
        "from fractions import Fraction\ndef f(x): return x+Fraction(1,3)",
        "from fractions import Fraction\nfrom solution import f\ndef test_f():\n    assert f(Fraction(1,6))==Fraction(1,2)",
    ),
    "dates": (
        "from datetime import date,timedelta\ndef f(d): return d+timedelta(days=1)",
        "from datetime import date,datetime,timezone\nfrom solution import f\ndef test_f():\n    assert f(date(2024,2,28))==date(2024,2,29)\n    assert f(datetime(2024,1,1,tzinfo=timezone.utc)).tzinfo is not None",
    ),
    "zoneinfo": (
        "from zoneinfo import ZoneInfo\nfrom datetime import datetime\ndef f(): return datetime(2024,7,1,12,tzinfo=ZoneInfo('Europe/Paris'))",
        "from zoneinfo import ZoneInfo\nfrom datetime import datetime\nfrom solution import f\ndef test_f():\n    assert f()==datetime(2024,7,1,12,tzinfo=ZoneInfo('Europe/Paris'))\n    assert f().utcoffset().total_seconds()==7200",
    ),
    "uuid/path": (
        "import uuid,pathlib\ndef f(): return uuid.UUID(int=5)\ndef g(): return pathlib.PurePosixPath('/a')/'b'",
        "import uuid,pathlib\nfrom solution import f,g\ndef test_f():\n    assert f()==uuid.UUID(int=5)\n    assert str(g())=='/a/b'\n    assert g()==pathlib.PurePosixPath('/a/b')",
    ),
    "Enum own": (
        "from enum import Enum\nclass Color(Enum):\n    RED=1\n    BLUE=2\ndef f(x): return Color.RED if x else Color.BLUE",
        "from solution import f,Color\ndef test_f():\n    assert f(1)==Color.RED\n    assert f(0) is Color.BLUE\n    assert f(1).value==1 and f(1).name=='RED'\n    assert Color(1) is Color.RED\n    assert [c.name for c in Color]==['RED','BLUE']\n    assert Color['RED']==f(1)",
    ),
    "IntEnum": (
        "from enum import IntEnum\nclass L(IntEnum):\n    LOW=1\n    HIGH=2\ndef f(): return L.HIGH",
        "from solution import f,L\ndef test_f():\n    assert f()==2\n    assert f()==L.HIGH\n    assert f()>L.LOW",
    ),
    "dataclass eq same class": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x:int\n    y:int\ndef f(a,b): return P(a,b)",
        "from solution import f,P\ndef test_f():\n    assert f(1,2).x==1\n    assert repr(f(1,2))=='P(x=1, y=2)'\n    assert isinstance(f(1,2),P)",
    ),
    "class with methods": (
        "class Stack:\n    def __init__(self): self.items=[]\n    def push(self,x): self.items.append(x)\n    def pop(self):\n        if not self.items: raise IndexError('empty')\n        return self.items.pop()\n    def __len__(self): return len(self.items)\n    @property\n    def top(self): return self.items[-1]",
        "import pytest\nfrom solution import Stack\n@pytest.fixture\ndef stack(): return Stack()\ndef test_f(stack):\n    stack.push(1)\n    assert len(stack)==1 and stack.top==1\n    assert stack.pop()==1\n    with pytest.raises(IndexError, match='empty'): stack.pop()",
    ),
    "isinstance list subclass": (
        "class L(list):\n    def total(self): return sum(self)\ndef f(): return L([1,2])",
        "from solution import f\ndef test_f():\n    assert f()==[1,2]\n    assert f().total()==3",
    ),
    "str subclass": (
        "class S(str):\n    def shout(self): return self.upper()\ndef f(): return S('a')",
        "from solution import f\ndef test_f():\n    assert f()=='a' and f().shout()=='A'",
    ),
    "dict subclass attr": (
        "class D(dict):\n    def __getattr__(self,k): return self[k]\ndef f(): return D(a=1)",
        "from solution import f\ndef test_f():\n    assert f().a==1 and f()=={'a':1}",
    ),
    "exceptions own": (
        "class BankError(Exception):\n    def __init__(self,msg,code):\n        super().__init__(msg)\n        self.code=code\ndef f(): raise BankError('low',7)",
        "import pytest\nfrom solution import f,BankError\ndef test_f():\n    with pytest.raises(BankError) as e: f()\n    assert e.value.code==7 and str(e.value)=='low' and e.value.args==('low',)\n    assert issubclass(BankError,Exception)",
    ),
    "exception chain": (
        "def f():\n    try: int('x')\n    except ValueError as e: raise RuntimeError('outer') from e",
        "import pytest\nfrom solution import f\ndef test_f():\n    with pytest.raises(RuntimeError) as e: f()\n    assert isinstance(e.value.__cause__, ValueError)",
    ),
    "KeyError args": (
        "def f(): return {}['k']",
        "import pytest\nfrom solution import f\ndef test_f():\n    with pytest.raises(KeyError) as e: f()\n    assert e.value.args[0]=='k'",
    ),
    "OSError attrs": (
        "def f(): raise FileNotFoundError(2,'No such file','x.txt')",
        "import pytest\nfrom solution import f\ndef test_f():\n    with pytest.raises(FileNotFoundError) as e: f()\n    assert e.value.errno==2 and e.value.filename=='x.txt'",
    ),
    "UnicodeDecodeError": (
        "def f(): return b'\\xff'.decode()",
        "import pytest\nfrom solution import f\ndef test_f():\n    with pytest.raises(UnicodeDecodeError) as e: f()\n    assert e.value.start==0",
    ),
    "ExceptionGroup": (
        "def f(): raise ExceptionGroup('g',[ValueError('a'),TypeError('b')])",
        "import pytest\nfrom solution import f\ndef test_f():\n    with pytest.raises(ExceptionGroup) as e: f()\n    assert len(e.value.exceptions)==2",
    ),
    "JSONDecodeError": (
        "import json\ndef f(s): return json.loads(s)",
        "import json,pytest\nfrom solution import f\ndef test_f():\n    with pytest.raises(json.JSONDecodeError) as e: f('{')\n    assert e.value.pos>=0",
    ),
    "context manager": (
        "class T:\n    def __enter__(self): self.open=True; return self\n    def __exit__(self,*a): self.open=False; return True",
        "from solution import T\ndef test_f():\n    t=T()\n    with t as u:\n        assert u.open\n        raise ValueError\n    assert not t.open",
    ),
    "async fn": (
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x+1",
        "import asyncio,pytest\nfrom solution import f\ndef test_f():\n    assert asyncio.run(f(1))==2\n@pytest.mark.asyncio\nasync def test_g():\n    assert await f(1)==2\nasync def many(): return await asyncio.gather(f(1),f(2))\ndef test_h(): assert asyncio.run(many())==[2,3]",
    ),
    "async gen": (
        "async def f(n):\n    for i in range(n): yield i",
        "import asyncio\nfrom solution import f\nasync def go(): return [x async for x in f(3)]\ndef test_f(): assert asyncio.run(go())==[0,1,2]",
    ),
    "async ctx": (
        "class A:\n    async def __aenter__(self): return 3\n    async def __aexit__(self,*a): return None",
        "import asyncio\nfrom solution import A\nasync def go():\n    async with A() as x: return x\ndef test_f(): assert asyncio.run(go())==3",
    ),
    "IsolatedAsyncioTestCase": (
        "async def f(x): return x*2",
        "import unittest\nfrom solution import f\nclass T(unittest.IsolatedAsyncioTestCase):\n    async def test_a(self): self.assertEqual(await f(2),4)",
    ),
    "closure/decorator": (
        "def memo(fn):\n    cache={}\n    def w(*a):\n        if a not in cache: cache[a]=fn(*a)\n        return cache[a]\n    w.cache=cache\n    return w",
        "from solution import memo\ndef test_f():\n    calls=[]\n    @memo\n    def sq(x):\n        calls.append(x)\n        return x*x\n    assert sq(3)==9 and sq(3)==9 and calls==[3]",
    ),
    "functools wraps name": (
        "import functools\ndef deco(fn):\n    @functools.wraps(fn)\n    def w(*a): return fn(*a)\n    return w",
        "from solution import deco\ndef test_f():\n    @deco\n    def hello(): 'doc'\n    assert hello.__name__=='hello' and hello.__doc__=='doc'",
    ),
    "lru_cache info": (
        "from functools import lru_cache\n@lru_cache(None)\ndef fib(n): return n if n<2 else fib(n-1)+fib(n-2)",
        "from solution import fib\ndef test_f():\n    assert fib(20)==6765\n    assert fib.cache_info().misses==21\n    fib.cache_clear()",
    ),
    "set/frozenset": (
        "def f(): return frozenset([1]),{2}",
        "from solution import f\ndef test_f():\n    a,b=f()\n    assert a==frozenset([1]) and b=={2} and isinstance(a,frozenset)",
    ),
    "nan/inf": (
        "def f(): return float('nan'),float('inf'),-0.0",
        "import math\nfrom solution import f\ndef test_f():\n    a,b,c=f()\n    assert math.isnan(a) and b==math.inf and math.copysign(1,c)==-1",
    ),
    "big int": (
        "def f(): return 10**5000",
        "from solution import f\ndef test_f():\n    assert f()==10**5000",
    ),
    "identity returned": (
        "def f(x):\n    x.append(1)\n    return x",
        "from solution import f\ndef test_f():\n    a=[]\n    assert f(a) is a and a==[1]",
    ),
    "type returned": (
        "def f(x): return type(x)",
        "from solution import f\ndef test_f():\n    assert f(1) is int and f('') is str",
    ),
    "callable/hasattr": (
        "class A:\n    def go(self): return 1\ndef f(): return A()",
        "from solution import f,A\ndef test_f():\n    assert callable(f) and hasattr(f(),'go') and not hasattr(f(),'stop')\n    assert callable(f().go)\n    assert type(f()).__name__=='A'\n    assert f().__class__.__name__=='A'",
    ),
    "abc": (
        "from abc import ABC,abstractmethod\nclass B(ABC):\n    @abstractmethod\n    def go(self): ...\nclass C(B):\n    def go(self): return 1",
        "import pytest\nfrom solution import B,C\ndef test_f():\n    with pytest.raises(TypeError): B()\n    assert C().go()==1 and issubclass(C,B) and isinstance(C(),B)",
    ),
    "static/class methods": (
        "class A:\n    n=0\n    @staticmethod\n    def s(): return 1\n    @classmethod\n    def c(cls):\n        cls.n+=1\n        return cls()",
        "from solution import A\ndef test_f():\n    assert A.s()==1\n    assert isinstance(A.c(),A) and A.n==1",
    ),
    "module constants": (
        "PI=3.14\nNAMES=['a']\ndef f(): return 1",
        "import solution\nfrom solution import PI,NAMES\ndef test_f():\n    assert PI==3.14 and NAMES==['a'] and solution.f()==1",
    ),
    "comparison own lt sorted": (
        "class V:\n    def __init__(self,n): self.n=n\n    def __lt__(self,o): return self.n<o.n\ndef f(l): return [v.n for v in sorted(l)]",
        "from solution import V,f\ndef test_f():\n    assert f([V(2),V(1)])==[1,2]",
    ),
    "operator overload": (
        "class V:\n    def __init__(self,x): self.x=x\n    def __add__(self,o): return V(self.x+o.x)\n    def __eq__(self,o): return self.x==o.x",
        "from solution import V\ndef test_f():\n    assert (V(1)+V(2)).x==3",
    ),
    "string io arg": (
        "def f(fh): return [l.strip() for l in fh]",
        "import io\nfrom solution import f\ndef test_f():\n    assert f(io.StringIO('a\\nb\\n'))==['a','b']",
    ),
    "stringio returned": (
        "import io\ndef f(): return io.StringIO('abc')",
        "from solution import f\ndef test_f():\n    assert f().read()=='abc'",
    ),
    "re match returned": (
        "import re\ndef f(s): return re.match(r'(\\d+)-(?P<n>\\w)',s)",
        "from solution import f\ndef test_f():\n    m=f('12-a')\n    assert m and m.group(1)=='12' and m['n']=='a' and m.groups()==('12','a')\n    assert f('x') is None",
    ),
    "compiled regex": (
        "import re\nPAT=re.compile('a+')",
        "from solution import PAT\ndef test_f():\n    assert PAT.findall('aa b a')==['aa','a'] and PAT.pattern=='a+'",
    ),
    "random seeded by test": (
        "import random\ndef f(): return random.randint(1,100)",
        "import random\nfrom solution import f\ndef test_f():\n    random.seed(3)\n    a=f()\n    random.seed(3)\n    assert f()==a and a==random.Random(3).randint(1,100)",
    ),
    "time patched": (
        "import time\ndef f(): return time.time()",
        "from unittest.mock import patch\nfrom solution import f\ndef test_f():\n    with patch('time.time',return_value=5): assert f()==5",
    ),
    "patch solution fn": (
        "def g(): return 1\ndef f(): return g()+1",
        "from unittest.mock import patch\nfrom solution import f\ndef test_f():\n    with patch('solution.g',return_value=10): assert f()==11",
    ),
    "mock arg": (
        "def f(m):\n    m.go(3)\n    return m.value",
        "from unittest.mock import Mock\nfrom solution import f\ndef test_f():\n    m=Mock(value=4)\n    assert f(m)==4\n    m.go.assert_called_once_with(3)",
    ),
    "monkeypatch input": (
        "def f(): return input('? ')",
        "from solution import f\ndef test_f(monkeypatch):\n    monkeypatch.setattr('builtins.input', lambda _: 'x')\n    assert f()=='x'",
    ),
    "capsys": (
        "def f(): print('hi')",
        "from solution import f\ndef test_f(capsys):\n    f()\n    assert capsys.readouterr().out=='hi\\n'",
    ),
    "capfd stderr": (
        "import sys\ndef f(): print('e',file=sys.stderr)",
        "from solution import f\ndef test_f(capsys):\n    f()\n    assert capsys.readouterr().err=='e\\n'",
    ),
    "monkeypatch env": (
        "import os\ndef f(): return os.environ.get('K','none')",
        "from solution import f\ndef test_f(monkeypatch):\n    monkeypatch.setenv('K','v')\n    assert f()=='v'",
    ),
    "patch.dict environ": (
        "import os\ndef f(): return os.environ.get('K','none')",
        "import os\nfrom unittest.mock import patch\nfrom solution import f\ndef test_f():\n    with patch.dict(os.environ,{'K':'v'}): assert f()=='v'",
    ),
    "caplog": (
        "import logging\ndef f(): logging.getLogger('x').warning('careful')",
        "from solution import f\ndef test_f(caplog):\n    f()\n    assert 'careful' in caplog.text",
    ),
    "warns": (
        "import warnings\ndef f(): warnings.warn('old',DeprecationWarning)",
        "import pytest\nfrom solution import f\ndef test_f():\n    with pytest.warns(DeprecationWarning): f()",
    ),
    "assertWarns": (
        "import warnings\ndef f(): warnings.warn('old',DeprecationWarning)",
        "import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n    def test_f(self):\n        with self.assertWarns(DeprecationWarning): f()",
    ),
    "assertLogs": (
        "import logging\ndef f(): logging.getLogger('x').warning('careful')",
        "import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n    def test_f(self):\n        with self.assertLogs('x','WARNING') as cm: f()\n        self.assertIn('careful',cm.output[0])",
    ),
    "subTest & raisesRegex": (
        "def f(x):\n    if x<0: raise ValueError('neg: %d'%x)\n    return x",
        "import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): cls.k=3\n    def test_f(self):\n        for i in range(self.k):\n            with self.subTest(i=i): self.assertEqual(f(i),i)\n        with self.assertRaisesRegex(ValueError,'neg: -1'): f(-1)\n        self.assertCountEqual([f(1),f(2)],[2,1])\nif __name__=='__main__': unittest.main()",
    ),
    "parametrize ids/stack": (
        "def f(a,b): return a*b",
        "import pytest\nfrom solution import f\n@pytest.mark.parametrize('a',[1,2],ids=['x','y'])\n@pytest.mark.parametrize(('b','c'),[(1,0),pytest.param(2,0,id='z')])\ndef test_f(a,b,c): assert f(a,b)==a*b+c",
    ),
    "indirect": (
        "def f(a): return a+1",
        "import pytest\nfrom solution import f\n@pytest.fixture\ndef x(request): return request.param*2\n@pytest.mark.parametrize('x',[1,2],indirect=True)\ndef test_f(x): assert f(x)==x+1",
    ),
    "pytest approx nested": (
        "def f(): return {'a':[0.1+0.2]}",
        "import pytest\nfrom solution import f\ndef test_f(): assert f()['a']==pytest.approx([0.3])\ndef test_g(): assert f()['a'][0]==pytest.approx(0.3,abs=1e-9)",
    ),
    "xfail strict etc": (
        "def f(): return 1",
        "import pytest\nfrom solution import f\n@pytest.mark.xfail(reason='x')\ndef test_bad(): assert f()==2\ndef test_f(): assert f()==1",
    ),
    "class-level fixture scope": (
        "def f(x): return x",
        "import pytest\nfrom solution import f\n@pytest.fixture(scope='module')\ndef data():\n    yield [1,2]\nclass TestF:\n    @pytest.fixture(autouse=True)\n    def setup(self, data): self.d=data\n    @pytest.mark.parametrize('i',[0,1])\n    def test_f(self,i): assert f(self.d[i])==i+1",
    ),
    "module setup": (
        "def f(x): return x",
        "from solution import f\ndata=[]\ndef setup_module(): data.append(1)\ndef test_f(): assert f(data)==[1]",
    ),
    "doctest docstring": (
        "def f(x): return x",
        ">>> f(3)\n3\n>>> f('a')\n'a'\n>>> f(None)\n",
    ),
    "if main asserts": (
        "def f(x): return x+1",
        "from solution import f\nif __name__=='__main__':\n    assert f(1)==2\n    print('ok')",
    ),
    "try except print": (
        "def f(x): return x+1",
        "def run():\n    from solution import f\n    assert f(1)==2\nrun()",
    ),
    "import alias": (
        "def f(x): return x+1",
        "import solution as s\nfrom solution import f as g\nassert s.f(1)==2==g(1)",
    ),
    "my_module/your_module": (
        "def f(x): return x+1",
        "from your_module import f\ndef test_f(): assert f(1)==2",
    ),
    "relative import": (
        "def f(x): return x+1",
        "from .solution import f\ndef test_f(): assert f(1)==2",
    ),
    "sys.path insert": (
        "def f(x): return x+1",
        "import os,sys\nsys.path.insert(0,os.path.dirname(os.path.abspath(__file__)))\nfrom solution import f\ndef test_f(): assert f(1)==2",
    ),
    "importlib import": (
        "def f(x): return x+1",
        "import importlib\nm=importlib.import_module('solution')\ndef test_f(): assert m.f(1)==2",
    ),
    "test helper class named Test": (
        "def f(n): return n.val",
        "class Node:\n    def __init__(self,val,nxt=None): self.val,self.nxt=val,nxt\nfrom solution import f\ndef test_f(): assert f(Node(3))==3",
    ),
    "helper tree in test": (
        "def depth(t): return 0 if t is None else 1+max(depth(t.left),depth(t.right))",
        "class TreeNode:\n    def __init__(self,v,left=None,right=None): self.v,self.left,self.right=v,left,right\nfrom solution import depth\ndef test_f(): assert depth(TreeNode(1,TreeNode(2,TreeNode(3))))==3",
    ),
    "key func arg": (
        "def f(l,key): return sorted(l,key=key)",
        "from solution import f\nfrom operator import itemgetter\ndef test_f():\n    assert f([(1,'b'),(2,'a')],itemgetter(1))==[(2,'a'),(1,'b')]\n    assert f(['B','a'],str.lower)==['a','B']\n    assert f([3,-4],abs)==[3,-4]\n    assert f([1,2],lambda x:-x)==[2,1]",
    ),
    "returns function": (
        "def f(n): return lambda x: x+n",
        "from solution import f\ndef test_f(): assert f(2)(3)==5 and list(map(f(1),[1,2]))==[2,3]",
    ),
}
ARRAYS = {
    "np array eq": (
        "import numpy as np\ndef f(n): return np.arange(n)",
        "import numpy as np\nfrom solution import f\ndef test_f():\n    a=f(3)\n    assert isinstance(a,np.ndarray) and a.shape==(3,) and a.dtype==np.arange(3).dtype\n    np.testing.assert_array_equal(a,[0,1,2])\n    assert (a==np.array([0,1,2])).all() and a.sum()==3 and a[1]==1 and a.tolist()==[0,1,2]",
    ),
    "np args": (
        "def f(a): return (a*2).mean()",
        "import numpy as np\nfrom solution import f\ndef test_f():\n    assert f(np.array([1.0,2.0]))==3.0\n    assert isinstance(f(np.array([1.0])),float)",
    ),
    "np inplace": (
        "def f(a): a[0]=9",
        "import numpy as np\nfrom solution import f\ndef test_f():\n    a=np.zeros(2)\n    f(a)\n    assert a[0]==9",
    ),
    "np scalar": (
        "import numpy as np\ndef f(): return np.float64(1.5)",
        "import numpy as np\nfrom solution import f\ndef test_f():\n    assert f()==1.5 and isinstance(f(),(float,np.floating))\n    assert np.isclose(f(),1.5) and round(f(),1)==1.5",
    ),
    "np 2d slice": (
        "import numpy as np\ndef f(): return np.eye(3)",
        "import numpy as np\nfrom solution import f\ndef test_f():\n    m=f()\n    assert m[0,0]==1 and m[:,1].tolist()==[0,1,0] and np.allclose(m@m,np.eye(3)) and m.T.shape==(3,3) and np.linalg.det(m)==1",
    ),
    "pd df": (
        "import pandas as pd\ndef f(): return pd.DataFrame({'a':[1,2],'b':['x','y']})",
        "import pandas as pd\nfrom solution import f\ndef test_f():\n    df=f()\n    assert isinstance(df,pd.DataFrame) and list(df.columns)==['a','b'] and df['a'].sum()==3 and len(df)==2 and df.shape==(2,2)\n    pd.testing.assert_frame_equal(df,pd.DataFrame({'a':[1,2],'b':['x','y']}))\n    assert df.iloc[0]['b']=='x' and df.loc[1,'a']==2",
    ),
    "pd df arg": (
        "def f(df): return df.groupby('k')['v'].sum().to_dict()",
        "import pandas as pd\nfrom solution import f\ndef test_f():\n    assert f(pd.DataFrame({'k':['a','a','b'],'v':[1,2,3]}))=={'a':3,'b':3}",
    ),
    "pd series": (
        "import pandas as pd\ndef f(): return pd.Series([1,2],index=['x','y'])",
        "import pandas as pd\nfrom solution import f\ndef test_f():\n    s=f()\n    assert s['x']==1 and s.tolist()==[1,2] and s.equals(pd.Series([1,2],index=['x','y']))",
    ),
    "pd timestamp": (
        "import pandas as pd\ndef f(): return pd.Timestamp('2024-01-02')",
        "import pandas as pd\nfrom solution import f\ndef test_f():\n    assert f()==pd.Timestamp('2024-01-02') and f().year==2024",
    ),
    "tuple of df and arr": (
        "import pandas as pd,numpy as np\ndef f(): return pd.DataFrame({'a':[1.5,None]}), np.array([[1,2],[3,4]])",
        "import pandas as pd, numpy as np\nfrom solution import f\ndef test_f():\n    df,a=f()\n    assert df['a'].isna().sum()==1 and a.shape==(2,2)",
    ),
    "bigcodebench-ish": (
        "import pandas as pd\ndef task_func(data):\n    if not data: raise ValueError('no')\n    return pd.DataFrame(data).describe()",
        "import unittest,pandas as pd,numpy as np\nclass TestCases(unittest.TestCase):\n    def test_a(self):\n        d=task_func({'x':[1,2,3]})\n        self.assertIsInstance(d,pd.DataFrame)\n        self.assertAlmostEqual(d.loc['mean','x'],2.0)\n        self.assertTrue('x' in d.columns)\n    def test_b(self):\n        with self.assertRaises(ValueError): task_func({})",
    ),
}
# What is refused: it would take the program's word for it, or needs a file.
REFUSED = {
    "equal by the program's word": (
        "class V:\n    def __eq__(self, other): return True\ndef f(): return V()",
        "from solution import f\ndef test_f(): assert f() == 3",
    ),
    "near by the program's word": (
        "class V:\n    def __sub__(self, other): return 0.0\n    __rsub__ = __sub__\ndef f(): return V()",
        "from solution import f\ndef test_f(): assert abs(f() - 3) < 1e-6",
    ),
    "a text that begins with everything": (
        "class S(str):\n    def startswith(self, prefix): return True\ndef f(): return S('b')",
        "from solution import f\ndef test_f(): assert f().startswith('a')",
    ),
    "a set within every set": (
        "class S(set):\n    def issubset(self, other): return True\ndef f(): return S([9])",
        "from solution import f\ndef test_f(): assert f().issubset({1, 2})",
    ),
    "a list equal to every list": (
        "class L(list):\n    def __eq__(self, other): return True\ndef f(): return L([9])",
        "from solution import f\ndef test_f(): assert f() == [1]",
    ),
    "a number above every number": (
        "class N(int):\n    def __gt__(self, other): return True\ndef f(): return N(1)",
        "from solution import f\ndef test_f(): assert f() > 2",
    ),
    "a tuple that holds everything": (
        "class T(tuple):\n    def __contains__(self, item): return True\n    def count(self, item): return 1\ndef f(): return T()",
        "from solution import f\ndef test_f(): assert 3 in f() and f().count(3) == 1",
    ),
    "a name that is no text": (
        "class N:\n    def __eq__(self, other): return True\nclass F:\n    __name__ = N()\ndef f(): return F()",
        "from solution import f\ndef test_f(): assert f().__name__ == 'f'",
    ),
}


def emptied(program):
    """The program with every function and method returning None."""
    tree = ast.parse(program)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = [ast.Return(ast.Constant(None))]
    return ast.unparse(ast.fix_missing_locations(tree))


def judged(judge, pairs):
    programs = [f"```python\n{program}\n```" for program, _test in pairs]
    return judge.verdicts(programs, tests=[{"source": test} for _program, test in pairs])


@pytest.mark.parametrize(("cases", "packages"), [(CASES, []), (ARRAYS, ["numpy", "pandas"])])
def test_right_programs_pass_and_emptied_ones_do_not(cases, packages):
    for package in packages:
        pytest.importorskip(package)
    with CodeJudge(workers=2, preload=packages) as judge:
        right = judged(judge, cases.values())
        assert {name: verdict for name, verdict in zip(cases, right, strict=True) if not verdict.passed} == {}
        changed = {name: (emptied(code), test) for name, (code, test) in cases.items() if "def " in code}
        empty = judged(judge, changed.values())
        assert [name for name, verdict in zip(changed, empty, strict=True) if verdict.score != 0.0] == []


def test_no_object_of_a_program_decides_its_own_test():
    with CodeJudge(workers=2) as judge:
        verdicts = judged(judge, REFUSED.values())
    assert {name: verdict for name, verdict in zip(REFUSED, verdicts, strict=True) if verdict.score != 0.0} == {}

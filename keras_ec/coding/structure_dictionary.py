"""Preset dictionary of format version 1: what .tflite files without weights look like.

Made by `benchmarks/coding_dictionary.py`. Never changes within a format version.
"""

import base64
import zlib

CRC32 = 0x3A4500D3
DICTIONARY = zlib.decompress(
    base64.b85decode(
        "c-pmCUuct86u)26KWQ7==(1|HNC%x1r>%+g4_cgBH|l6LXmQe&rCAf#Xqt4%m(m9j2V)G`gAXDiGR7GD+ldc*a8k"
        "zRWQ^g1i1;vk@Ii(Q8M5s`+nVfmzI$$R^W~3q&JTX}=KIb)=iGD8J?H*Blg(xug%F`+)Ew&^O~g}XC~gX2;N22IP"
        "qSzh%kbALJi=|gafw>IwI0KZe>xa6rw^zCpf*dh2u|x=mG!<2NJWy9(fHfJaO6-Z9W#SRBFRuHXh!0xL^9aDWu0I"
        "h2G3VIYJmx05ZDED1MQY)QvM=r)=9tWu3*eQHebVdzZ~zsh4ETBUV9hg0XZJ{2jeO^u5x3Y4RUC$*eTyTTgmpT{p"
        "-D01;s=~#05F>fxdqT+yOp*-4GXmnNh=<Z?KO;pJ%demhAzWisO-!Jqe%G+FU>)ZBC@kpcNk_^A_~cU)sZhIBpQa"
        "!7-xmwC<%meh%o}yXU|w`}XhNyC*pC%HWP&I|g^ahTB?;%i8t4?07UDOs3;zbUYHAj3iUhMBLhwiwCeqpbxma+7J"
        "&~3^9ephJgUk19ZdDdmNKnzzyIka0QqFz6GX%Pl0p5DZpgg+rE%%8v#6W58zv4&PNaLzYsOnyBeNHk2|+Nau45K@"
        "lEHQ!IhgSCJvS(d4H#GQ>Raeuh<sp^mY1to$EyI>HjE`4FH3{L0}jd0m8r-5CbLv6ZnhuYz8)dDaQ{GgDqdnvC8Y"
        "$wBPg$X}^C44)gDcW<&h`qs-0QaPInbIS#xeL}x~h57HSy0=EK`PXqnC_qFvV;@B%Q67IC@c`YlAxu{UQ8u>ltVj"
        "K3V9q4dMAI3w`IL)AQa1j9;<iO29*#yuA+@^1QCO5P1$&AcdI)h$5yL4{-$Uh;DzpQ*QIJZ8@%ey@MjrQd()}myb"
        "T#KAsS8i%^lnt8GXxR{kp~)}S>X8ujxwY3@IU@JFn*CYKxv_}fpNE}RX=iII*RCpCzBzcVhsRB<?+?tCxhdM(xjs"
        "614_vv-l6zn<npl4$ucwx=F`M&alk&rn^P|?1rB?>eHFypBem7|QO)j=;H9HRd>RdQ-x@8;}u?)rPO~~;%G?X6!E"
        "#`(cPu0x^Ek@+ea+^OKqv~$XAtUGa(t<oK=U)TQspolKYcKNpIc^56b&chh7dhp&;^x-$=)TwIYreHtb^P6%mlMx"
        "Z55mX$*r1a@0Pp}a*o;2F1xzCm+JPxP*!@s?4bC42)&Mu4%;a-4!h65!fsCg*m#u88o7YWwZ1o(-t)PZxhRn#JbS"
        "w}`no$##ITG#-#bQAp+NeX@yJIEvdbxJ!dPgAFWA&tW(h-#W5L9)A(NZEoU(nw*5HbhSv8`pk?u>>~JHlb1?K$b3"
        "En%C^bxgB8MEwDB`^wm^WVvf!B$h7yCFhayhwPkqSnSUd&OhZ3)!-Q9R@(hJ6bqSXv6j`;SZE@W*G+SV=JL9|TvJ"
        "Fb?cdBpSraPj>td}^C+R+K)9KN4dS)x?Oqt1OI1&z~V$sovsyZ2)z9!a3=VN46)|xW<_Upb;zTTY8>uP7vx$D>Ju"
        "9MFb-6?*6e1~2CcxWm(kx0aF3G#<I&!z%+;ScL~L0!+DxnjFitKQS>s`^Rtn;}19w~OoUBpWPFA?+h)QQ7Y_OvKW"
        "3{B(bH`<W8{x^4I6I<7Sozq^oM^_V#6QBpQ_9m)A(n^Z54YBrZ}?vwm5<liV4qY4qK93MS8zMP-B-NTQhpB~O_s="
        "s5vy?I#|o}E9^7xLjxn-3I2x&lt%{R?G%DBO6}yH%c&?!(!_v&OyOL1*mhBY9sd<X+vm`@m<mxwSl(>XZxji`5G}"
        "_xKeWJ(9m?C{Cw3tb7VNow|pqIy03ik&k6+SC>yt+?g$mX*Ji{E16R3UT@X9A+DpxY;&trFVB{m>$m2*dHyBaT&L"
        "n&CFjbVY}WRzkz=$hcbh1Vkw?4pk?u1Ucy#kq@@TJi_gFBG-cZP+bse;t<3P9qm!5{*7U^5d)ADNWfs3DpSDyjy("
        "|zSTLyQ3*e4pplvL6=T?H9_iU60||2lkfX*qe$ucEb~J?E1%WY+6J3q9KNXH5UwV>VzSxmKzm0vm@|7a^}D9d%Ms"
        "6)LM=+#{)WN-k?)vG1v>P3=9J!z*&~v-U2=wmAv&hh-30M9=}-ZQyUzfr~Ad+Q}9{{wF4bSA+M$JFMJLZcRicuH!"
        "j5ukIqRR>eBuX%HVVPt0u3w>!ikqYI#nLcCReOQS3S{X*z0HN43U(Nk_9y$1>KjEXR2YxS^%1TH`gUwy3o!UPI@6"
        "3_>2K<o#33Rn9<QUgIg(=Zo*qbvB+t_pzDzh4U1WU;U_9uZ#0r>7^R!h1|i?T)|(FE%+<&1;5T1^7neOce#XLwKl"
        "(~)=Zc8>+$@lERQM8t;pU`rr56<8@HOG8lQRg+=}dME79{ixaY5^Y~RvDI!*)cm+AlR3jM!_=U*<<|NF}He+T>6^"
        "B?;DxiWoU{XbI20(*ZOgW|Yd+q=_G((^aTp0D=fwALT(y;t?~e*rQ-z9j"
    )
)
"""6144 bytes."""

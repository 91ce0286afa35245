"""What the coder of structure knows beforehand: dictionary and weights of version 1.

Made by `benchmarks/structure_prior.py`. Never changes within a format version.
"""

import base64
import zlib

CRC32 = 0xD9B65164
"""Of the dictionary followed by the weights, a byte each, units of `2**-5`."""

_DATA = zlib.decompress(
    base64.b85decode(
        "c-p;KZ)hCH6`$GvJG*x}oi?YleQiY$!EKF@Y&C67KE$<?CZHrHF=;TN7qvRKO69YWPr@mtIN%Q<6;usDRohV7;5u"
        "!Z1PZ2<5{gOFl7a~Spie=VQc@79K7>S#Y~5+M@9n;kMtgU*WNaV&nBBQ~f9B1+`Muc^W9-O-L;C{O!%D2k0+wSw^"
        "f}CcX9j(Yy$o0a%>9hB1;B^D<V=Tm4#+Y5iC79{1ibkqcORewaH=vsIa>W*d8Be|cw(#;%NeLQiXw}i9l(i++R2G"
        "pxu214?Ej<|M%a3Q(JKBuHvC*=oN4erNMja2k4w*8fP;@c`s4$TKk@KmkCq>K;K+eP2aX&7{fU1L*^*<Ak5<d$6V"
        "=-2@k)8JGJb0GL^Ynn!VG8gfR|t7tg(Z$H=yr4;1!BTjdZ*;k@)w_dMr?XcHI{C^~Swc+$ZPD;yB588*$8@KRETD"
        "-*)}{n>aU(#^LzAeFI<Z8(=IXTc~rO?<;-%Y~#0B38N*z$AEh#lX2rei6Wzg?OY>@0syYfBSQ~A-gEFo73N;6jP%"
        "8E4`P|@x_2m>rG8x3McNM^lfL7_qg9l^JuwY<i2C1$b)lFzKKVTbb~()p$D6d)Ff>A&K|Icf^-gR``5f8*OFWKoP"
        "O>`L(i9zql#U|lD3bq4JnYy9smmZ;avrEl`pK!^M*qRkAYcJHrvVLGdz8PhmiQ*)R3e!{#lH;32*&M#_KDhXt#WK"
        ")?C|h-ZL|hEuQGCQcx<dZu)jYZk9Ki<*g~&Gdr<1dTw6@W-PWJ<3+>H>&3@sUj46JdhW2cD`}~srpq(Gm-pJ9u!8"
        "O^<5=XY82X)K<-bv}vX>Jd-(W6m3PRDPBIBytbj@&r~+G|p$Mmk@)j?N6}MV+O17t7O`#rs$4L~A_+xi&KXGjSY@"
        "I2NC4K8wrBnYzDUiRX-RzWZ@5u~-vYcN4pAX$#yj1^5s!@-5D4fV0nRa7TPbycR}V<%?;UPxc0UG5P!C?8|KCi}C"
        "=?P34TvZE!~J2Aq+H{xeU)905My{FgYp2)r=}lPv)PaBvRBybE|6a1qdsQ}(}p3pr(9`PIVn)_2-*%7xe4bIRCn!"
        "ssNR1~?5k12_vf2e?9VcmE-2?|Cz6_fz|)za`xB>U?Vs3Ra@1xN`Fxv>PU~2hgu=<{&(8FM)!m0S-^%Jw<y9#~p="
        "r4^o_h`|<ora^7d@J)`hI2<KOcWJ;80dK(^*az5EhIH|cl$|<?#)3ZnCr#f#>nK%C3OJ^F&RYA90R|)BdM`O_5w>"
        "Nm0OaBimJjxY0LH@gnf9TK7ls~=X59ZU?lyODYy=lGL`R9_1Lvm@}r+9Om>z+790py+^$J<x*sJ=T2hg-B4<eEwj"
        "$NhFc{J8{yo&pR3e83zm)>DA@FjoPy;OxIZXoQSNj?b?)b6!V^<I%t6Yg^}d9RF+!y;<TEsrM+fL#wx+<5gZon^w"
        "Kqw@iv>{(<$!Hhh!%QSO+czn6e98B%gcr?o}SJ6zv>3=FcT>bcUwF6PY(id~!b5srVaerIBz_F47erAD*QA{8r_@"
        "(cIRna0h>O4TFQn(g9$=M=lhfq5Fg+_-bGlK!gpMYy?!!?WQea>3f2^GlvRGbvwiEs<x7+o+2Tg`4#C^DL<gyW7;"
        "70r3X$lNQ%wZESMN$#0};Uz76v-LQR~dX)0`M=k2_(sk-@jq?1ca<5C*-1oJSH7FlsJhC@Yd(TGgV^P>*-Mw4k<3"
        "ma=$k=nG{{F)C>+hHo<X+w^51d6g7o@&<U>YvMGx=0lrn(k>o$0!rxKZCq-9AhA`^!HC9t6z(irtcLKGPJN>(%h#"
        "g`{RgJwK?751%U6D%Ddb#>@NmHr4Rm+o<6SH>lxpr5C0dn+KeG3hMKF;e9Whp@2P~hi3@*(~wMu0EU&^YZd_WZ0o"
        "iC2d_o9uD1X2KbM|k+Sl9F_7DCpQfm8qH`Vt3ccCT(1b`x-1n2?u0(JxT0Qvzhl8y^+Chfne{fyf2KPK&8|DLqsg"
        "QPu1?cOV`>;J|lkb9rreEmNM6TS?XPu2gp7rzgEMf@KWodpa6mZAU8_$@-Y3;d$ZU10Xp<SroJyXefuyncT}W|x$"
        "~*w2wn7rp0|+O|zC?*;U2D&`5L9?z4GPRfDFaHD>gGM|NsJ&8{8HK*j!TZ)|g_VsJxB2B5ma>^Mh_t8f!Y(A^pH#"
        "qsGE4*a1xhqgD@0FBq6s_(~S>?NjN4g4a?gc&Tc_P-&E}_IDeHSySUU?^Kj>*N;T}amCI{9I(fAeU6Pm%XBpT3y1"
        "x~Ir{nY^P2<sK9$ca*#ETNC`T2pi}H!2JLN@HTA18ekA`37i@O_<+MOxoHUg5-1)4T%tw7JMd-Y`{dm#&2_w^MVu"
        "SvnjYDP?RmE21VRYU(@e|YnyA~tc3dIMOwip`5F*EPL+4DGx~_5E5W1HsdcqT?5Icke1LW_T&bYq3vU1gOY)e?0q"
        "1n2fF+E2(!ZM-5a&6ZU{>~kx?j0r3S+9rnRW7b^-82nTG<*>_HW!+3?-F5FxMK5<QR}AKFf}emtwC))^=`?5VZ>I"
        "UG`wb;hT*tgCg(b?ld&Vm$r^fHtXQ_^`dOj-9eF$J3#YNB8Br*7%ds5C5Wb!1a6DJoB4dkAf5YE3jfGe3wf}0m={"
        "UCG@`fHYJS*hFwxYWDpUFKDm?CdFyMlaO)EjyjTA>J;1}nmaXLoucYYR^kVj1;a6<_{nXRpY+TK#H01Pyja*7JPB"
        ";2oysFwJz`RnEnV&drR*MPtqD;I;<-Tc!@tWZXiJg=;g%FdboJg~+4c4)2RQOFbh0e}YtJo&"
    )
)
DICTIONARY = _DATA[:6144]
WEIGHTS = tuple((value - 256 if value > 127 else value) << 11 for value in _DATA[6144:])
"""Units of `2**-16`."""

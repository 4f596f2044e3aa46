package openrtb

// Alpha3 returns the ISO 3166-1 alpha-3 code of a country that is given by its
// alpha-2 or alpha-3 code, in either case. It returns false for any other text;
// an alpha-3 code is not looked up, so one that ISO does not know is taken as
// it stands. It does not allocate.
func Alpha3(country []byte) (c [3]byte, ok bool) {
	if len(country) != 2 && len(country) != 3 {
		return c, false
	}
	for i, ch := range country {
		ch &^= 0x20
		if ch < 'A' || ch > 'Z' {
			return [3]byte{}, false
		}
		c[i] = ch
	}
	if len(country) == 3 {
		return c, true
	}
	at := alpha2[int(c[0]-'A')*letters+int(c[1]-'A')]
	if at == 0 {
		return [3]byte{}, false
	}
	return [3]byte{countries[at], countries[at+1], countries[at+2]}, true
}

const letters = 'Z' - 'A' + 1

// alpha2 says where in countries the alpha-3 code of an alpha-2 code stands; 0 for
// none.
var alpha2 = func() (at [letters * letters]uint16) {
	for i := 0; i < len(countries); i += 6 {
		at[int(countries[i]-'A')*letters+int(countries[i+1]-'A')] = uint16(i + 2)
	}
	return at
}()

// countries lists ISO 3166-1: alpha-2 and alpha-3 code, run together, in
// alphabetical order. XK is the code in common use for Kosovo, and UK a common
// slip for GB.
const countries = "" +
	"ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA " +
	"AZAZE BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES " +
	"BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK " +
	"CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA " +
	"DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA " +
	"GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS " +
	"GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD " +
	"IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA " +
	"KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA " +
	"LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ " +
	"MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC " +
	"NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM " +
	"PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC " +
	"SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV " +
	"SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR " +
	"TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UKGBR UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB " +
	"VIVIR VNVNM VUVUT WFWLF WSWSM XKXKX YEYEM YTMYT ZAZAF ZMZMB ZWZWE "

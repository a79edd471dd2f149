package cert

import "fmt"

// unixDate returns the Unix seconds of a date in UTC, and false for one that
// the calendar does not have or that is before 1970.
func unixDate(year, month, day, hour, minute, second int) (uint64, bool) {
	if year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, false
	}
	leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	if leap {
		days[1] = 29
	}
	if day > days[month-1] {
		return 0, false
	}
	y := year - 1
	n := 365*year + y/4 - y/100 + y/400 // whole years, from a fixed origin
	const epoch = 365*1970 + 1969/4 - 1969/100 + 1969/400
	n -= epoch
	for _, d := range days[:month-1] {
		n += d
	}
	n += day - 1
	return uint64(n)*86400 + uint64(hour*3600+minute*60+second), true
}

// digits reads s as a decimal number; false when a byte is no digit.
func digits(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// compactDate reads YYYYMMDDHHMMSS.
func compactDate(s string) (uint64, bool) {
	if len(s) != 14 {
		return 0, false
	}
	var v [6]int
	for i, at := range [...][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 12}, {12, 14}} {
		n, ok := digits(s[at[0]:at[1]])
		if !ok {
			return 0, false
		}
		v[i] = n
	}
	return unixDate(v[0], v[1], v[2], v[3], v[4], v[5])
}

// ParseDate reads the one form of a date that collateral uses:
// 2006-01-02T15:04:05Z. The result is in Unix seconds.
func ParseDate(s string) (uint64, error) {
	if len(s) == 20 && s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':' && s[16] == ':' && s[19] == 'Z' {
		if t, ok := compactDate(s[:4] + s[5:7] + s[8:10] + s[11:13] + s[14:16] + s[17:19]); ok {
			return t, nil
		}
	}
	return 0, fmt.Errorf("%.32q is no date", s)
}

// FormatDate writes Unix seconds in the form that [ParseDate] reads.
func FormatDate(seconds uint64) string {
	days := seconds / day
	// The civil calendar from 1 March of year 0, in eras of 400 years.
	z := days + 719468
	era := z / 146097
	doe := z % 146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	month := mp + 3
	year := yoe + era*400
	if month > 12 {
		month -= 12
		year++
	}
	rest := seconds % day
	return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, doy-(153*mp+2)/5+1, rest/3600, rest/60%60, rest%60)
}

const day = 86400

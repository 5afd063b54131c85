package alicloud

// minimumDiskGiB is the smallest data disk of each category.
var minimumDiskGiB = map[string]int{
	"cloud_efficiency": 20,
	"cloud_ssd":        20,
	"cloud_essd":       20,
}
